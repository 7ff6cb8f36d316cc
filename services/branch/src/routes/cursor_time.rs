//! Times that come back in cursors.

use shared::clock::Timestamp;

/// Whether a time that came in a cursor can be one of ours. An engine need not know every year there is.
pub fn is_possible(time: Timestamp) -> bool {
    time.as_micros() >= 0
}
