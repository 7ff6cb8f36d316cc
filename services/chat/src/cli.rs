//! The command line of the program `chat`.

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

/// The chat service of Banyan: chats and their conversation records. Without a command it serves
#[derive(Debug, Parser)]
#[command(
    name = "chat",
    version,
    after_help = "Its settings are environment variables: services/chat/README.md lists them."
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
    let caller = Service::Chat;
    for (called, variable, base) in
        [(Service::Auth, "AUTH_URL", &config.auth), (Service::Branch, "BRANCH_URL", &config.branch)]
    {
        check_peer(&mut report, Peer { caller, called, variable, base }, &config.server.keys).await;
    }
    report
}

/// Reports on the database of chats.
pub async fn check_database(report: &mut Report, url: &SecretString) {
    inspect(report, "chat", url, store::migrations()).await;
}
