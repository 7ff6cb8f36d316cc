//! How long deleted things are remembered.

use std::time::Duration;

/// How long an id stays taken, and an idempotency key answers, after what they stood for was deleted: 24 hours.
pub const TOMBSTONE_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);
