//! The command line of the program `branch`.

use crate::config::{Config, Database, LISTEN_ADDR};
use crate::startup;
use crate::store::{mongo, sql};
use clap::{Parser, Subcommand};
use shared::check::{Report, check_own_clock};
use shared::clock::Clock;
use shared::env::{ConfigError, Env, Purpose};
use shared::error::StartError;
use shared::service::Service;
use shared_store::compact_database;
use shared_web::check::{Peer, check_descriptors, check_peer};
use shared_web::server;
use shared_web::telemetry;
use shared_web::telemetry::LogFormat;
use std::process::ExitCode;

/// The branch service of Banyan: messages and branches, the tree. Without a command it serves
#[derive(Debug, Parser)]
#[command(
    name = "branch",
    version,
    after_help = "Its settings are environment variables: services/branch/README.md lists them."
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
            server::run(Box::pin(startup::build(Config::from_env(env, Purpose::Serve)?))).await?;
        }
        Some(Command::Common(server::Command::HealthCheck)) => server::health_check(env, LISTEN_ADDR).await?,
        Some(Command::Common(server::Command::Check(options))) => {
            return Ok(check(env).await.print(options.json));
        }
        Some(Command::Compact) => println!("{}", compact(&Database::from_env(env)?)?),
    }
    Ok(ExitCode::SUCCESS)
}

fn compact(database: &Database) -> Result<String, StartError> {
    match database {
        Database::Sql(url) => compact_database(url),
        Database::Mongo(_) => {
            let problem =
                "is set, and MongoDB gives back space by itself; expected DATABASE_URL with sqlite:path";
            Err(ConfigError::new("MONGO_URL", problem).into())
        }
    }
}

async fn check(env: &Env) -> Report {
    let mut report = Report::default();
    check_own_clock(&mut report, Clock::system().now());
    let database = Database::from_env(env);
    if let Ok(database) = &database {
        check_descriptors(&mut report, startup::descriptor_use(database));
    }
    let read = telemetry::check_env(env).and_then(|()| Config::from_env(env, Purpose::Check));
    let config = report.configuration(read);
    if let Ok(database) = &database {
        check_database(&mut report, database).await;
    }
    if let Some(config) = config {
        let (caller, called) = (Service::Branch, Service::Chat);
        let chat = Peer { caller, called, variable: "CHAT_URL", base: &config.chat };
        check_peer(&mut report, chat, &config.server.keys).await;
    }
    report
}

/// Reports on the database of messages and branches.
pub async fn check_database(report: &mut Report, database: &Database) {
    match database {
        Database::Sql(url) => sql::inspect(report, url).await,
        Database::Mongo(url) => mongo::inspect(report, url).await,
    }
}
