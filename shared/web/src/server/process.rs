//! A service as a process: built, served, and ended by signals.

use super::{Application, FAREWELL};
use shared::error::StartError;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Builds a service and serves until this process is told to stop, also while it is being built.
pub fn run(
    build: impl Future<Output = Result<Application, StartError>>,
) -> impl Future<Output = Result<(), StartError>> {
    // What builds a service is large, and would be in each future from here to `main`.
    let build = Box::pin(build);
    async {
        let stop = stop_on_signal()?;
        let application = unless_stopped(&stop, build).await?;
        application.with_farewell(FAREWELL).run_until_stopped(stop).await
    }
}

/// Builds what this process serves. A process that is told to stop meanwhile ends, as when it waits for its database.
pub async fn unless_stopped<T>(
    stop: &CancellationToken,
    build: impl Future<Output = Result<T, StartError>>,
) -> Result<T, StartError> {
    match stop.run_until_cancelled(build).await {
        Some(built) => built,
        // The look-up of a name goes on in a thread of its own, and would hold up an orderly end for seconds.
        None => std::process::exit(0),
    }
}

/// Is cancelled by the first SIGTERM or SIGINT of this process. The second one ends it at once, whatever it is doing, with
/// the exit code that a shell gives to a process which the signal has killed.
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
        tracing::warn!("told to stop again: what is still being done is broken off");
        std::process::exit(128 + again.as_raw_value());
    });
    Ok(stop)
}
