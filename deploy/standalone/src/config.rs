//! What `banyan` is started with: options, and the variables that the services read, too.

use clap::{Parser, Subcommand};
use shared::config::{ConfigError, Env};
use std::path::PathBuf;

/// Banyan, a chat backend in which every answer can grow another conversation: all services in one process.
#[derive(Debug, Clone, Parser)]
#[command(name = "banyan", version)]
pub struct Options {
    /// The address and port on which the gateway listens
    #[arg(long, env = "BANYAN_LISTEN_ADDR", default_value = "127.0.0.1:8000")]
    pub listen: String,
    /// The folder of the data, and of the secret that signs tokens
    #[arg(long, env = "BANYAN_DATA_DIR", default_value = "./banyan-data", global = true)]
    pub data_dir: PathBuf,
    /// What to do instead of serving
    #[command(subcommand)]
    pub task: Option<Task>,
}

/// What `banyan` does beside serving.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Task {
    /// Rewrite the SQLite files of the data folder without what was deleted; nobody may use them meanwhile
    Compact,
}

/// Refuses a `DATABASE_URL` that would put all services into one SQLite file.
pub fn check_database_url(env: &Env) -> Result<(), ConfigError> {
    match env.get("DATABASE_URL") {
        Some(url) if url.starts_with("sqlite") => Err(ConfigError::new(
            "DATABASE_URL",
            "names SQLite; expected postgresql://..., or nothing, and --data-dir for the folder of the files",
        )),
        _ => Ok(()),
    }
}
