//! The command line of the program `branch`.

use crate::config::{Config, Database, LISTEN_ADDR};
use crate::startup;
use crate::store::{mongo, sql};
use clap::Subcommand;
use shared::check::Report;
use shared::env::{ConfigError, Env, Purpose};
use shared::error::StartError;
use shared::service::Service;
use shared_store::compact_database;
use shared_web::check::Peer;
use shared_web::program::ServiceProgram;
use shared_web::server::{Application, DescriptorUse, ServerConfig};

/// The program `branch`.
pub struct Program;

/// The commands that no other program has.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Rewrite the SQLite file of `DATABASE_URL` without what was deleted; stop the service first
    Compact,
}

impl ServiceProgram for Program {
    const SERVICE: Service = Service::Branch;
    const ABOUT: &'static str =
        "The branch service of Banyan: messages and branches, the tree. Without a command it serves";
    const LISTEN_ADDR: &'static str = LISTEN_ADDR;
    const README: &'static str = include_str!("../README.md");
    type Command = Command;
    type Config = Config;

    fn config(env: &Env, purpose: Purpose) -> Result<Config, ConfigError> {
        Config::from_env(env, purpose)
    }

    fn server(config: &Config) -> &ServerConfig {
        &config.server
    }

    async fn build(config: Config) -> Result<Application, StartError> {
        Box::pin(startup::build(config)).await
    }

    async fn run(command: Command, env: &Env) -> Result<(), StartError> {
        match command {
            Command::Compact => println!("{}", compact(&Database::from_env(env)?)?),
        }
        Ok(())
    }

    fn descriptor_use(env: &Env) -> Option<DescriptorUse> {
        Database::from_env(env).ok().as_ref().map(startup::descriptor_use)
    }

    async fn check_database(report: &mut Report, env: &Env) {
        if let Ok(database) = Database::from_env(env) {
            check_database(report, &database).await;
        }
    }

    fn peers(config: &Config) -> Vec<Peer<'_>> {
        let (caller, called) = (Service::Branch, Service::Chat);
        vec![Peer { caller, called, variable: "CHAT_URL", base: &config.chat }]
    }
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

/// Reports on the database of messages and branches.
pub async fn check_database(report: &mut Report, database: &Database) {
    match database {
        Database::Sql(url) => sql::inspect(report, url).await,
        Database::Mongo(url) => mongo::inspect(report, url).await,
    }
}
