//! What a service's program can be told to do, and its question to itself whether it is well.

use super::{Listen, StartError};
use crate::client::http_client_with_timeout;
use crate::config::Env;
use std::time::Duration;

/// How long the service may take to answer.
const PATIENCE: Duration = Duration::from_secs(4);

/// What this process was told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Without an argument: serve.
    Serve,
    /// `healthcheck`: ask the service that runs beside this process whether it is ready.
    HealthCheck,
}

impl Command {
    /// Reads the arguments of this process.
    pub fn of_process() -> Result<Self, StartError> {
        Self::parse(std::env::args().skip(1))
    }

    fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, StartError> {
        let arguments: Vec<_> = arguments.collect();
        let words: Vec<_> = arguments.iter().map(String::as_str).collect();
        match words.as_slice() {
            [] => Ok(Self::Serve),
            ["healthcheck"] => Ok(Self::HealthCheck),
            _ => {
                let arguments = arguments.join(" ");
                let expected = "none, to serve, or healthcheck";
                Err(StartError::Setup(format!("unknown arguments {arguments:?}; expected {expected}")))
            }
        }
    }
}

/// Asks `/readyz` of the service that listens where `LISTEN_ADDR` says, or else at `default`.
///
/// It is for health checks in images that hold no other program.
pub async fn health_check(env: &Env, default: &str) -> Result<(), StartError> {
    let failed = |error: &dyn std::error::Error| StartError::Setup(crate::problem::causes(error));
    let address = Listen::from_env(env, default)?.on_this_machine()?;
    let http = http_client_with_timeout(PATIENCE).map_err(|error| failed(&error))?;
    let answer = http.get(format!("http://{address}/readyz")).send().await.map_err(|error| failed(&error))?;
    if answer.status().is_success() {
        return Ok(());
    }
    let status = answer.status();
    let body = answer.text().await.unwrap_or_default();
    Err(StartError::Setup(format!("not ready: {status} {body}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Command, String> {
        Command::parse(arguments.iter().map(|&word| word.to_owned())).map_err(|error| error.to_string())
    }

    #[test]
    fn an_argument_that_is_not_known_is_refused_in_one_line() {
        assert_eq!(parse(&[]), Ok(Command::Serve));
        assert_eq!(parse(&["healthcheck"]), Ok(Command::HealthCheck));
        for wrong in [&["--help"][..], &["healthcheck", "x"], &[""]] {
            let line = parse(wrong).unwrap_err();
            assert!(line.contains("expected") && line.contains("healthcheck"), "{line}");
        }
    }

    #[test]
    fn a_service_is_asked_over_loopback_unless_it_listens_on_one_address() {
        let asked = |listen: &str| Listen::from(listen).on_this_machine().unwrap();
        assert_eq!(asked("0.0.0.0:8001"), "127.0.0.1:8001");
        assert_eq!(asked("[::]:8001"), "[::1]:8001");
        assert_eq!(asked("10.0.0.7:8001"), "10.0.0.7:8001");
        assert_eq!(asked("localhost:8001"), "localhost:8001");
    }
}
