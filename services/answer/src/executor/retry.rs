//! Reads without which a run cannot ask its model, retried while another service or the database is down.

use std::time::Duration;
use tokio::time::sleep;

/// Pauses between attempts.
const RETRY_PAUSES: [Duration; 4] =
    [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(5)];

/// Reads something, and again after a pause where that fails, for some 10 s.
pub(super) async fn with_retries<T, E, F>(mut read: impl FnMut() -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let mut pauses = RETRY_PAUSES.into_iter();
    loop {
        match (read().await, pauses.next()) {
            (Err(_), Some(pause)) => sleep(pause).await,
            (done, _) => return done,
        }
    }
}
