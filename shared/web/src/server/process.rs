//! A service as a process: it is built, serves, and is stopped by signals. It may end the process: see [`unless_stopped`] and
//! [`stop_on_signal`].

use super::{ACCEPT_AFTER_STOP, Application};
use shared::error::StartError;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The target of log events: that of the module before it was moved, as logs are filtered by it.
const LOG_TARGET: &str = "shared::server::process";

/// Builds a service and serves until SIGTERM or SIGINT, which also stop the building.
pub fn run(
    build: impl Future<Output = Result<Application, StartError>>,
) -> impl Future<Output = Result<(), StartError>> {
    // The future is large, and would be part of each future from here to `main`.
    let build = Box::pin(build);
    async {
        let stop = stop_on_signal()?;
        let application = unless_stopped(&stop, build).await?;
        application.log_listening();
        application.with_accept_after_stop(ACCEPT_AFTER_STOP).run_until_stopped(stop).await
    }
}

/// Awaits `build`. If the process is told to stop meanwhile, it ends with 0, for instance while it waits for its database.
pub async fn unless_stopped<T>(
    stop: &CancellationToken,
    build: impl Future<Output = Result<T, StartError>>,
) -> Result<T, StartError> {
    match stop.run_until_cancelled(build).await {
        Some(built) => built,
        // A DNS look-up goes on in a thread of its own, and would delay an orderly end by seconds.
        None => std::process::exit(0),
    }
}

/// A token that the first SIGTERM or SIGINT cancels. The second one ends the process at once, with the exit code of a process that
/// the signal has killed (128 and its number).
pub fn stop_on_signal() -> Result<CancellationToken, StartError> {
    let failed = |error| StartError::Io("cannot wait for signals".to_owned(), error);
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = terminate.recv() => SignalKind::terminate(),
                _ = interrupt.recv() => SignalKind::interrupt(),
            }
        };
        next().await;
        stopped.cancel();
        let again = next().await;
        tracing::warn!(target: LOG_TARGET, "told to stop again: what is still being done is broken off");
        std::process::exit(128 + again.as_raw_value());
    });
    Ok(stop)
}
