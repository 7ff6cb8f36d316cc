//! The command line of the program `auth`.

mod password;
mod users;

pub use users::{UserCommand, UserSettings, run_user_command};

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
use shared_web::telemetry;

/// The program `auth`.
pub struct Program;

/// The commands that no other program has.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Rewrite the SQLite file of `DATABASE_URL` without what was deleted; stop the service first
    Compact,
    /// List, make, change and delete users, while the service runs or while it does not
    #[command(subcommand)]
    User(UserCommand),
}

impl ServiceProgram for Program {
    const SERVICE: Service = Service::Auth;
    const ABOUT: &'static str =
        "The auth service of Banyan: users, passwords and tokens. Without a command it serves";
    const LISTEN_ADDR: &'static str = LISTEN_ADDR;
    const README: &'static str = include_str!("../../README.md");
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
            Command::User(command) => {
                telemetry::init_for_command();
                run_user_command(command, UserSettings::from_env(env)?).await?;
            }
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
        let caller = Service::Auth;
        let chat = Peer { caller, called: Service::Chat, variable: "CHAT_URL", base: &config.chat };
        let answer = config.answer.as_ref();
        let answer =
            answer.map(|base| Peer { caller, called: Service::Answer, variable: "ANSWER_URL", base });
        [chat].into_iter().chain(answer).collect()
    }
}

/// Reports on the database of users.
pub async fn check_database(report: &mut Report, url: &SecretString) {
    inspect(report, "auth", url, store::migrations()).await;
}
