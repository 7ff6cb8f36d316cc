//! The command `healthcheck`.

use crate::server::Listen;
use shared::env::Env;
use shared::error::StartError;
use shared::http_client::http_client_with_timeout;
use std::time::Duration;

/// The time-out of the health check.
const HEALTH_CHECK_TIMEOUT: Duration = Duration::from_secs(4);

/// Requests `/readyz` of the service at `LISTEN_ADDR`, or else at `default`.
///
/// It is the health check of images that hold no other program.
pub async fn health_check(env: &Env, default: &str) -> Result<(), StartError> {
    let failed = |error: &dyn std::error::Error| StartError::Setup(shared::error::causes(error));
    let address = Listen::from_env(env, default)?.loopback_address()?;
    let http = http_client_with_timeout(HEALTH_CHECK_TIMEOUT).map_err(|error| failed(&error))?;
    let answer = http.get(format!("http://{address}/readyz")).send().await.map_err(|error| failed(&error))?;
    if answer.status().is_success() {
        return Ok(());
    }
    let status = answer.status();
    let body = answer.text().await.unwrap_or_default();
    Err(StartError::Setup(format!("not ready: {status} {body}")))
}
