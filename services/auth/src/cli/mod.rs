//! The command line of the program `auth`.

mod password;
mod users;

pub use users::{UserCommand, UserSettings, run_user_command};

use crate::config::{self, Config, LISTEN_ADDR};
use crate::{startup, store};
use clap::{Parser, Subcommand};
use secrecy::SecretString;
use shared::check::{Report, check_own_clock};
use shared::clock::Clock;
use shared::env::{Env, Purpose};
use shared::error::StartError;
use shared::service::Service;
use shared_store::{compact_database, inspect};
use shared_web::check::{Peer, check_descriptors, check_peer};
use shared_web::server;
use shared_web::telemetry;
use shared_web::telemetry::LogFormat;
use std::process::ExitCode;

/// The auth service of Banyan: users, passwords and tokens. Without a command it serves
#[derive(Debug, Parser)]
#[command(
    name = "auth",
    version,
    after_help = "Its settings are environment variables: services/auth/README.md lists them."
)]
pub struct Options {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Common(server::Command),
    /// Rewrite the SQLite file of `DATABASE_URL` without what was deleted; stop the service first
    Compact,
    /// List, make, change and delete users, while the service runs or while it does not
    #[command(subcommand)]
    User(UserCommand),
}

/// Serves, or runs a command.
pub async fn run(options: Options, env: &Env) -> Result<ExitCode, StartError> {
    match options.command {
        None => {
            telemetry::init(env, LogFormat::Json)?;
            server::run(startup::build(Config::from_env(env, Purpose::Serve)?)).await?;
        }
        Some(Command::Common(server::Command::HealthCheck)) => server::health_check(env, LISTEN_ADDR).await?,
        Some(Command::Common(server::Command::Check(options))) => {
            return Ok(check(env).await.print(options.json));
        }
        Some(Command::Compact) => println!("{}", compact_database(&config::database_url(env)?)?),
        Some(Command::User(command)) => {
            telemetry::init_for_command();
            run_user_command(command, UserSettings::from_env(env)?).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn check(env: &Env) -> Report {
    let mut report = Report::default();
    check_own_clock(&mut report, Clock::system().now());
    check_descriptors(&mut report, startup::DESCRIPTOR_USE);
    let read = telemetry::check_env(env).and_then(|()| Config::from_env(env, Purpose::Check));
    let Some(config) = report.configuration(read) else {
        if let Ok(url) = config::database_url(env) {
            check_database(&mut report, &url).await;
        }
        return report;
    };
    check_database(&mut report, &config.database).await;
    let chat =
        Peer { caller: Service::Auth, called: Service::Chat, variable: "CHAT_URL", base: &config.chat };
    check_peer(&mut report, chat, &config.server.keys).await;
    report
}

/// Reports on the database of users.
pub async fn check_database(report: &mut Report, url: &SecretString) {
    inspect(report, "auth", url, store::migrations()).await;
}
