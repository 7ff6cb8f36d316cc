//! The subcommands of every service, and its health check.

use crate::server::listen::Listen;
use clap::{Args, Subcommand};
use shared::env::Env;
use shared::error::StartError;
use shared::http_client::http_client_with_timeout;
use std::time::Duration;

/// The time-out of the health check.
const HEALTH_CHECK_TIMEOUT: Duration = Duration::from_secs(4);

/// What every service can be told to do beside serving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Ask the service that runs beside this process, at `LISTEN_ADDR`, whether it is ready
    #[command(name = "healthcheck")]
    HealthCheck,
    /// Look at configuration, databases, keys, clock and files, and say what is wrong and what to do; nothing is changed
    Check(CheckOptions),
}

/// How findings are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct CheckOptions {
    /// Print the findings as JSON: an array of objects with `subject`, `status`, `detail` and `advice`
    #[arg(long)]
    pub json: bool,
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Options {
        #[command(subcommand)]
        command: Option<Command>,
    }

    fn parse(arguments: &[&str]) -> Result<Option<Command>, clap::Error> {
        let arguments = std::iter::once(&"service").chain(arguments);
        <Options as clap::Parser>::try_parse_from(arguments).map(|options| options.command)
    }

    #[test]
    fn an_unknown_argument_is_refused_with_a_hint_at_help() {
        assert_eq!(parse(&[]).unwrap(), None);
        assert_eq!(parse(&["healthcheck"]).unwrap(), Some(Command::HealthCheck));
        let json = Command::Check(CheckOptions { json: true });
        assert_eq!(parse(&["check", "--json"]).unwrap(), Some(json));
        for wrong in [&["--port"][..], &["healthcheck", "x"], &[""], &["serve"]] {
            let error = parse(wrong).unwrap_err();
            assert!(error.exit_code() == 2 && error.to_string().contains("--help"), "{error}");
        }
        let help = parse(&["--help"]).unwrap_err();
        assert_eq!(help.exit_code(), 0);
        assert!(help.to_string().contains("healthcheck") && help.to_string().contains("check "), "{help}");
    }

    #[test]
    fn the_health_check_uses_loopback_unless_the_service_listens_on_one_address() {
        let asked = |listen: &str| Listen::from(listen).loopback_address().unwrap();
        assert_eq!(asked("0.0.0.0:8001"), "127.0.0.1:8001");
        assert_eq!(asked("[::]:8001"), "[::1]:8001");
        assert_eq!(asked("10.0.0.7:8001"), "10.0.0.7:8001");
        assert_eq!(asked("localhost:8001"), "localhost:8001");
    }
}
