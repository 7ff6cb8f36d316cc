//! The signals that stop a program.

use super::runtime::Exit;
use shared::error::StartError;
use std::process::ExitCode;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The target of log events: that of the module before it was moved, as logs are filtered by it.
const LOG_TARGET: &str = "shared::server::process";
/// A process that a signal has killed ends with this and the signal's number.
const KILLED_BY_SIGNAL: i32 = 128;

/// Serves with a token that the first SIGTERM or SIGINT cancels. The second one ends the program at once, with the exit code of a
/// process that the signal has killed.
pub async fn until_second_signal<Fut>(
    serve: impl FnOnce(CancellationToken) -> Fut,
) -> Result<Exit, StartError>
where
    Fut: Future<Output = Result<Exit, StartError>> + Send + 'static,
{
    let mut signals = Signals::listen()?;
    let stop = CancellationToken::new();
    // A task, as this does not drop it at the second signal: what it holds may take a while to close.
    let serving = tokio::spawn(serve(stop.clone()));
    let second = async {
        signals.next().await;
        stop.cancel();
        signals.next().await
    };
    tokio::select! {
        served = serving => served.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())),
        signal = second => {
            tracing::warn!(target: LOG_TARGET, "told to stop again: what is still being done is broken off");
            let code = u8::try_from(KILLED_BY_SIGNAL + signal.as_raw_value());
            Ok(Exit::Immediate(code.map_or(ExitCode::FAILURE, ExitCode::from)))
        }
    }
}

/// Awaits `build`; `None` if the program is told to stop meanwhile, for instance while it waits for its database.
///
/// The exit should be immediate then: a DNS look-up goes on in a thread of its own, and would delay it by seconds.
pub async fn unless_stopped<T>(
    stop: &CancellationToken,
    build: impl Future<Output = Result<T, StartError>>,
) -> Result<Option<T>, StartError> {
    stop.run_until_cancelled(build).await.transpose()
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Result<Self, StartError> {
        let listen = |kind| {
            let failed = |error| StartError::Io("cannot wait for signals".to_owned(), error);
            signal(kind).map_err(failed)
        };
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> SignalKind {
        tokio::select! {
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.interrupt.recv() => SignalKind::interrupt(),
        }
    }
}
