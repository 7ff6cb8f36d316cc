//! The commands `user list`, `create`, `reset-password` and `delete`.

use super::password::read_new_password;
use crate::accounts;
use crate::config::{self, PasswordConfig};
use crate::domain::Username;
use crate::error::Error;
use crate::hasher::Hasher;
use crate::store::{self, User};
use clap::Subcommand;
use secrecy::SecretString;
use serde_json::json;
use shared::clock::Clock;
use shared::env::{ConfigError, Env};
use shared::error::StartError;
use shared::error::causes;
use shared::ids::UserId;
use shared::settings;
use shared::validation::TextField as _;
use shared_store::{Store, missing_file};
use shared_web::telemetry::Trace;
use shared_web::timeouts::ServerTimeouts;
use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;
use uuid::Uuid;

/// How long an interactive command waits for the database.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Users of one query.
const USERS_PER_PAGE: i64 = 500;

/// Commands about users.
#[derive(Debug, Clone, Subcommand)]
pub enum UserCommand {
    /// List all users, the oldest first: id, time of registration (UTC), name
    List {
        /// Print each user as a JSON object on a line of its own
        #[arg(long)]
        json: bool,
    },
    /// Make a user, also where REGISTRATION is closed
    ///
    /// The password is asked for, or is the first line of standard input where that is no terminal.
    Create {
        /// The name: 3 to 64 letters, digits and . _ - + @
        name: String,
    },
    /// Give a user another password, and revoke every refresh token of the user
    ///
    /// Access tokens count until they expire (`ACCESS_TOKEN_TTL`). The password is asked for, or is the first line of standard input where that is no terminal.
    ResetPassword {
        /// The user's name
        name: String,
    },
    /// Delete a user, with all chats and messages
    ///
    /// The user and its tokens are gone at once. Chats and messages follow within 30 seconds, or when the services run again.
    Delete {
        /// The user's name
        name: String,
        /// Do not ask whether that is meant; needed where standard input is no terminal
        #[arg(long)]
        yes: bool,
    },
}

impl UserCommand {
    /// Whether the command may create the database.
    pub fn makes_database(&self) -> bool {
        matches!(self, Self::Create { .. })
    }
}

/// The part of the service's configuration that commands about users need.
#[derive(Debug, Clone)]
pub struct UserSettings {
    /// The database of the users.
    pub database: SecretString,
    /// The time-outs of the service.
    pub times: ServerTimeouts,
    /// The cost of hashes and the policy for new passwords.
    pub passwords: PasswordConfig,
    /// Whether the answer service is told of deleted accounts.
    pub has_answers: bool,
}

impl UserSettings {
    /// Reads the variables of the service.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let answer = env.optional_base_url("ANSWER_URL");
        Self::with_database(env, config::database_url(env), answer.map(|url| url.is_some()))
    }

    /// The same, where the database and the services are known otherwise.
    pub fn with_database(
        env: &Env,
        database: Result<SecretString, ConfigError>,
        has_answers: Result<bool, ConfigError>,
    ) -> Result<Self, ConfigError> {
        settings!(Self {
            database,
            times: ServerTimeouts::from_env(env),
            passwords: PasswordConfig::from_env(env),
            has_answers,
        })
    }
}

/// Runs a command, and prints its result.
pub async fn run_user_command(command: UserCommand, settings: UserSettings) -> Result<(), StartError> {
    if !command.makes_database()
        && let Some(path) = missing_file(&settings.database)
    {
        let problem = format!("there is no database {} yet, and so there are no users", path.display());
        return Err(StartError::Store(problem));
    }
    match command {
        UserCommand::List { json } => list(&open(&settings).await?, json).await,
        UserCommand::Create { name } => create(&name, &settings).await,
        UserCommand::ResetPassword { name } => reset_password(&name, &settings).await,
        UserCommand::Delete { name, yes } => delete(&name, yes, &settings).await,
    }
}

async fn open(settings: &UserSettings) -> Result<Store, StartError> {
    let opened = Store::open(&settings.database, "auth", store::migrations(), settings.times.statement);
    let store = tokio::time::timeout(CONNECT_TIMEOUT, opened).await.map_err(|_| {
        let seconds = CONNECT_TIMEOUT.as_secs();
        StartError::Store(format!("DATABASE_URL: the database does not answer within {seconds} s"))
    })??;
    // Names are matched by their keys.
    store::renew_name_keys(&store).await.map_err(failed)?;
    Ok(store)
}

async fn list(store: &Store, as_json: bool) -> Result<(), StartError> {
    let (mut after, mut output) = (UserId::from(Uuid::nil()), io::stdout());
    let header = if as_json { Ok(()) } else { writeln!(output, "{:36}  {:27}  NAME", "ID", "REGISTERED") };
    let mut printed = header;
    while printed.is_ok() {
        let users = store::list_users(store, after, USERS_PER_PAGE).await.map_err(failed)?;
        let Some(last) = users.last() else { break };
        after = last.id;
        printed = print(&mut output.lock(), &users, as_json);
    }
    match printed {
        // The reader has closed the pipe, as `head` does, and wants no more.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map_err(|error| StartError::Io("standard output".to_owned(), error)),
    }
}

fn print(output: &mut impl Write, users: &[User], as_json: bool) -> io::Result<()> {
    for User { id, username, created_at, .. } in users {
        if as_json {
            let user = json!({"user_id": id, "username": username, "created_at": created_at});
            writeln!(output, "{user}")?;
        } else {
            writeln!(output, "{id}  {created_at}  {username}")?;
        }
    }
    output.flush()
}

async fn create(name: &str, settings: &UserSettings) -> Result<(), StartError> {
    let name = Username::parse(name.to_owned())
        .map_err(|reason| StartError::Setup(format!("the name: {}", reason.message())))?;
    let password = read_new_password(settings.passwords.policy)?;
    let (store, hasher) = (open(settings).await?, Hasher::new(settings.passwords.bcrypt_cost).await?);
    let user = accounts::create(&store, &hasher, &Clock::system(), (name, password)).await.map_err(failed)?;
    println!("{} was made, with the id {}", user.username, user.id);
    Ok(())
}

async fn reset_password(name: &str, settings: &UserSettings) -> Result<(), StartError> {
    let store = open(settings).await?;
    let user = find(&store, name).await?;
    let password = read_new_password(settings.passwords.policy)?;
    let hasher = Hasher::new(settings.passwords.bcrypt_cost).await?;
    accounts::reset_password(&store, &hasher, user.id, password).await.map_err(failed)?;
    println!("{} has another password, and every refresh token is revoked", user.username);
    Ok(())
}

async fn delete(name: &str, is_meant: bool, settings: &UserSettings) -> Result<(), StartError> {
    let store = open(settings).await?;
    let user = find(&store, name).await?;
    if !is_meant {
        confirm(&user)?;
    }
    let (clock, trace) = (Clock::system(), Trace::generate());
    accounts::delete(&store, &clock, user.id, settings.has_answers, &trace).await.map_err(failed)?;
    println!("{} is deleted; its chats follow within 30 seconds, or when the services run", user.username);
    Ok(())
}

fn confirm(user: &User) -> Result<(), StartError> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Err(StartError::Setup("expected --yes, as nobody can be asked here".to_owned()));
    }
    print!("This deletes {} with all chats and messages. Type the name to go on: ", user.username);
    let mut typed = String::new();
    let read = io::stdout().flush().and_then(|()| stdin.read_line(&mut typed));
    read.map_err(|error| StartError::Io("standard input".to_owned(), error))?;
    if typed.trim_end_matches(['\r', '\n']) == user.username {
        return Ok(());
    }
    Err(StartError::Setup("that is another name; nothing was deleted".to_owned()))
}

async fn find(store: &Store, name: &str) -> Result<User, StartError> {
    let found = store::find_user_by_name(store, name).await.map_err(failed)?;
    found.ok_or_else(|| StartError::Setup(format!("there is no user {name:?}; `user list` shows all")))
}

fn failed(error: impl Into<Error>) -> StartError {
    let error: Error = error.into();
    StartError::Store(causes(&error))
}
