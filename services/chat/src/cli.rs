//! The command line of the program `chat`.

use crate::config::{self, Config, LISTEN_ADDR};
use crate::{startup, store};
use clap::Subcommand;
use secrecy::SecretString;
use shared::check::Report;
use shared::env::{ConfigError, Env, Purpose};
use shared::error::StartError;
use shared::service::Service;
use shared_store::{compact_database, inspect};
use shared_web::check::Peer;
use shared_web::program::ServiceProgram;
use shared_web::server::{Application, DescriptorUse, ServerConfig};

/// The program `chat`.
pub struct Program;

/// The commands that no other program has.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Rewrite the SQLite file of `DATABASE_URL` without what was deleted; stop the service first
    Compact,
}

impl ServiceProgram for Program {
    const SERVICE: Service = Service::Chat;
    const ABOUT: &'static str =
        "The chat service of Banyan: chats and their conversation records. Without a command it serves";
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
        startup::build(config).await
    }

    async fn run(command: Command, env: &Env) -> Result<(), StartError> {
        match command {
            Command::Compact => println!("{}", compact_database(&config::database_url(env)?)?),
        }
        Ok(())
    }

    fn descriptor_use(_: &Env) -> Option<DescriptorUse> {
        Some(startup::DESCRIPTOR_USE)
    }

    async fn check_database(report: &mut Report, env: &Env) {
        if let Ok(url) = config::database_url(env) {
            check_database(report, &url).await;
        }
    }

    fn peers(config: &Config) -> Vec<Peer<'_>> {
        let caller = Service::Chat;
        let answer = config.answer.as_ref();
        let answer =
            answer.map(|base| Peer { caller, called: Service::Answer, variable: "ANSWER_URL", base });
        let needed = [
            Peer { caller, called: Service::Auth, variable: "AUTH_URL", base: &config.auth },
            Peer { caller, called: Service::Branch, variable: "BRANCH_URL", base: &config.branch },
        ];
        needed.into_iter().chain(answer).collect()
    }
}

/// Reports on the database of chats.
pub async fn check_database(report: &mut Report, url: &SecretString) {
    inspect(report, "chat", url, store::migrations()).await;
}
