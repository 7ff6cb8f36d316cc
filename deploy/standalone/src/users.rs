//! `banyan user`: the commands of the auth service, on the database of the data folder or of `DATABASE_URL`.

use crate::config::{Databases, Options};
use crate::data_dir::DataDir;
use auth::cli::{UserCommand, UserSettings, run_user_command};
use shared::env::Env;
use shared::error::StartError;
use shared_store::is_missing;

/// Runs a command, also while Banyan runs: it does not lock the data folder.
pub async fn run(command: UserCommand, options: &Options, env: &Env) -> Result<(), StartError> {
    let databases = Databases::from_env(env, &options.data_dir);
    let settings = UserSettings::with_database(env, databases.map(|databases| databases.auth), Ok(true))?;
    let is_in_folder = env.get("DATABASE_URL").is_none() && env.get("DATABASE_URL_FILE").is_none();
    if is_in_folder && command.makes_database() && is_missing(&options.data_dir) {
        drop(DataDir::open(&options.data_dir)?);
    }
    run_user_command(command, settings).await
}
