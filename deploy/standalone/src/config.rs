//! The options of `banyan`, and the databases of its services.

use crate::data_dir::database_url;
use clap::{Parser, Subcommand};
use secrecy::{ExposeSecret as _, SecretString};
use shared::env::{ConfigError, Env};
use shared_web::program::{CheckOptions, ServiceProgram as _, Variables};
use shared_web::server::DescriptorUse;
use std::path::{Path, PathBuf};

/// The default of `--listen`.
pub const LISTEN_ADDR: &str = "127.0.0.1:8000";
/// The variables of the services that `banyan` does not read: their servers find each other.
const NOT_OF_BANYAN: [&str; 5] = ["LISTEN_ADDR", "AUTH_URL", "CHAT_URL", "BRANCH_URL", "ANSWER_URL"];
/// The name of the setting in errors.
pub const LISTEN_SETTING: &str = "--listen or BANYAN_LISTEN_ADDR";

/// Banyan, a chat backend in which every answer can grow another conversation: all services in one process
#[derive(Debug, Clone, Parser)]
#[command(name = "banyan", version, after_help = after_help())]
pub struct Options {
    /// The address and port on which the gateway listens; a port alone is one of 127.0.0.1, and 0.0.0.0:PORT one of every
    /// address
    #[arg(long, env = "BANYAN_LISTEN_ADDR", default_value = LISTEN_ADDR)]
    pub listen: String,
    /// The folder of the data, and of the secret that signs tokens
    #[arg(long, env = "BANYAN_DATA_DIR", default_value = "./banyan-data", global = true)]
    pub data_dir: PathBuf,
    /// What to do instead of serving
    #[command(subcommand)]
    pub task: Option<Task>,
}

fn after_help() -> String {
    let variables = Variables::of_readme(include_str!("../README.md"))
        .and(Variables::of_every_program())
        .and(Variables::of_readme(gateway::cli::Program::README))
        .and(Variables::of_readme(auth::cli::Program::README))
        .and(Variables::of_readme(branch::cli::Program::README))
        .and(Variables::of_readme(answer::cli::Program::README))
        .without(&NOT_OF_BANYAN);
    format!(
        "Without a command it serves. What else can be set are environment variables; none is needed:\n{variables}"
    )
}

/// What `banyan` does beside serving.
#[derive(Debug, Clone, Subcommand)]
pub enum Task {
    /// Look at configuration, databases, keys, clock and files, and say what is wrong and what to do; nothing is changed
    Check(CheckOptions),
    /// Rewrite the SQLite files of the data folder without what was deleted; nobody may use them meanwhile
    Compact,
    /// List, make, change and delete users, while Banyan runs or while it does not
    #[command(subcommand)]
    User(auth::cli::UserCommand),
}

/// The databases of all services.
#[derive(Debug, Clone)]
pub struct Databases {
    /// Users and tokens.
    pub auth: SecretString,
    /// Chats and conversation records.
    pub chat: SecretString,
    /// Messages and branches; MongoDB, perhaps.
    pub branch: branch::config::Database,
    /// Answers under way.
    pub answer: SecretString,
}

impl Databases {
    /// Reads `DATABASE_URL` and `MONGO_URL`. Services without one have a file in the data folder.
    pub fn from_env(env: &Env, data_dir: &Path) -> Result<Self, ConfigError> {
        let postgres = postgres_url(env)?;
        let database = |service| postgres.clone().unwrap_or_else(|| database_url(data_dir, service));
        let branch = match env.secret("MONGO_URL")? {
            Some(url) => branch::config::Database::Mongo(url),
            None => branch::config::Database::Sql(database("branch")),
        };
        Ok(Self { auth: database("auth"), chat: database("chat"), branch, answer: database("answer") })
    }

    /// Whether none of them is in the data folder.
    pub fn are_elsewhere(&self) -> bool {
        !self.auth.expose_secret().starts_with("sqlite")
    }

    /// File descriptors of all servers of this process. Both ends of a connection to a service are here: a client of the
    /// gateway needs its own, two for each of four services, one for calls between these, and one to the server of a model.
    pub fn descriptor_use(&self) -> DescriptorUse {
        let databases = 3 * shared_store::MAX_DESCRIPTORS + self.branch.max_descriptors();
        DescriptorUse { databases, servers: 5, per_connection: 11 }
    }
}

/// Reads `DATABASE_URL`. SQLite is refused: it would put all services into one file.
fn postgres_url(env: &Env) -> Result<Option<SecretString>, ConfigError> {
    let url = env.secret("DATABASE_URL")?;
    match &url {
        Some(sqlite) if sqlite.expose_secret().starts_with("sqlite") => Err(ConfigError::new(
            "DATABASE_URL",
            "names SQLite; expected postgresql://..., or nothing, and --data-dir for the folder of the files",
        )),
        _ => Ok(url),
    }
}
