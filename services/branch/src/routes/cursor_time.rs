//! Timestamps that come back in cursors.

use shared::clock::Timestamp;

/// Whether a time from a cursor can be one of ours. An engine need not support every year.
pub fn is_possible(time: Timestamp) -> bool {
    time.as_micros() >= 0
}
