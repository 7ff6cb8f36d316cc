//! The runtime of a program, and how it ends. `main` returns what it gives back, so no library ends the process.

use shared::error::StartError;
use std::process::ExitCode;
use tokio::runtime::Runtime;

/// How a program ends.
#[derive(Debug, Clone, Copy)]
pub enum Exit {
    /// When blocking work in other threads has ended.
    Graceful(ExitCode),
    /// At once: what other threads do is broken off.
    Immediate(ExitCode),
}

/// Runs a program on a runtime of its own.
pub fn block_on(program: impl Future<Output = Result<Exit, StartError>>) -> Result<ExitCode, StartError> {
    let failed = |error| StartError::Io("no thread can be started".to_owned(), error);
    let runtime = Runtime::new().map_err(failed)?;
    match runtime.block_on(program)? {
        Exit::Graceful(code) => Ok(code),
        Exit::Immediate(code) => {
            runtime.shutdown_background();
            Ok(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn an_immediate_exit_does_not_wait_for_blocking_work() {
        let begun = Instant::now();
        let code = block_on(async {
            tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_secs(30)));
            Ok(Exit::Immediate(ExitCode::from(143)))
        });
        assert_eq!(code.unwrap(), ExitCode::from(143));
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }
}
