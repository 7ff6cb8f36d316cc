//! The time-out of a pool, of whatever it consists.

use std::time::Duration;

/// How long an operation waits for a connection, or for a thread that has one.
pub(crate) const POOL_TIMEOUT: Duration = Duration::from_secs(5);
