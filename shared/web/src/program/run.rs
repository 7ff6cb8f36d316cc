//! The one `main` of the services' programs.

use super::check::check;
use super::command::CommonCommand;
use super::health_check::health_check;
use super::runtime::{Exit, block_on};
use super::service_program::ServiceProgram;
use super::signals::{unless_stopped, until_second_signal};
use super::variables::Variables;
use crate::server::ACCEPT_AFTER_STOP;
use crate::telemetry;
use crate::telemetry::LogFormat;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use shared::env::{Env, Purpose};
use shared::error::StartError;
use std::ffi::OsString;
use std::process::ExitCode;

#[derive(Parser)]
#[command(version)]
struct Options<C: Subcommand> {
    #[command(subcommand)]
    command: Option<Command<C>>,
}

#[derive(Subcommand)]
enum Command<C: Subcommand> {
    #[command(flatten)]
    Common(CommonCommand),
    #[command(flatten)]
    Own(C),
}

/// Serves, or runs the command of the arguments. `main` returns the result.
pub fn run<P: ServiceProgram>() -> Result<ExitCode, StartError> {
    block_on(async {
        match parse::<P>(std::env::args_os()) {
            Ok(options) => execute::<P>(options.command, &Env::of_process()).await,
            Err(told) => {
                // The reader of a pipe may have closed it.
                drop(told.print());
                let code = u8::try_from(told.exit_code());
                Ok(Exit::Graceful(code.map_or(ExitCode::FAILURE, ExitCode::from)))
            }
        }
    })
}

/// The options of the arguments. The error is a wrong argument, or what `--help` and `--version` print.
fn parse<P: ServiceProgram>(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Options<P::Command>, clap::Error> {
    let variables = Variables::of_every_program().and(Variables::of_readme(P::README));
    let mut command = Options::<P::Command>::command()
        .name(P::SERVICE.name())
        .about(P::ABOUT)
        .after_help(format!("Its settings are environment variables:\n{variables}"));
    let mut matches = command.try_get_matches_from_mut(arguments)?;
    Options::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

async fn execute<P: ServiceProgram>(
    command: Option<Command<P::Command>>,
    env: &Env,
) -> Result<Exit, StartError> {
    let code = match command {
        None => return serve::<P>(env).await,
        Some(Command::Common(CommonCommand::HealthCheck)) => {
            health_check(env, P::LISTEN_ADDR).await?;
            ExitCode::SUCCESS
        }
        Some(Command::Common(CommonCommand::Check(options))) => check::<P>(env).await.print(options.json),
        Some(Command::Own(command)) => {
            P::run(command, env).await?;
            ExitCode::SUCCESS
        }
    };
    Ok(Exit::Graceful(code))
}

async fn serve<P: ServiceProgram>(env: &Env) -> Result<Exit, StartError> {
    telemetry::init(env, LogFormat::Json)?;
    let build = P::build(P::config(env, Purpose::Serve)?);
    until_second_signal(|stop| async move {
        let Some(application) = unless_stopped(&stop, build).await? else {
            return Ok(Exit::Immediate(ExitCode::SUCCESS));
        };
        application.log_listening();
        application.with_accept_after_stop(ACCEPT_AFTER_STOP).run_until_stopped(stop).await?;
        Ok(Exit::Graceful(ExitCode::SUCCESS))
    })
    .await
}
