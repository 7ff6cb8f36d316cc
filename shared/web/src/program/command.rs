//! The commands of every service's program.

use clap::{Args, Subcommand};

/// What every service can be told to do beside serving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub(super) enum CommonCommand {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Options {
        #[command(subcommand)]
        command: Option<CommonCommand>,
    }

    fn parse(arguments: &[&str]) -> Result<Option<CommonCommand>, clap::Error> {
        let arguments = std::iter::once(&"service").chain(arguments);
        <Options as clap::Parser>::try_parse_from(arguments).map(|options| options.command)
    }

    #[test]
    fn an_unknown_argument_is_refused_with_a_hint_at_help() {
        assert_eq!(parse(&[]).unwrap(), None);
        assert_eq!(parse(&["healthcheck"]).unwrap(), Some(CommonCommand::HealthCheck));
        let json = CommonCommand::Check(CheckOptions { json: true });
        assert_eq!(parse(&["check", "--json"]).unwrap(), Some(json));
        for wrong in [&["--port"][..], &["healthcheck", "x"], &[""], &["serve"]] {
            let error = parse(wrong).unwrap_err();
            assert!(error.exit_code() == 2 && error.to_string().contains("--help"), "{error}");
        }
        let help = parse(&["--help"]).unwrap_err();
        assert_eq!(help.exit_code(), 0);
        assert!(help.to_string().contains("healthcheck") && help.to_string().contains("check "), "{help}");
    }
}
