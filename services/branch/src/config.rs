//! The configuration of the branch service; its README lists the variables.

use crate::store::mongo;
use reqwest::Url;
use secrecy::SecretString;
use shared::env::{ConfigError, Env, Purpose};
use shared::service::Service;
use shared::settings;
use shared::undo_window::UndoWindow;
use shared_web::server::ServerConfig;

/// The default of `LISTEN_ADDR`.
pub(crate) const LISTEN_ADDR: &str = "0.0.0.0:8003";

/// The configuration of the service.
#[derive(Debug, Clone)]
pub struct Config {
    /// The part that every server has.
    pub server: ServerConfig,
    /// Its database.
    pub database: Database,
    /// Where the chat service is.
    pub chat: Url,
    /// How long what is deleted can be restored.
    pub undo_window: UndoWindow,
}

/// The engine of messages and branches, and the URL of its database.
#[derive(Debug, Clone)]
pub enum Database {
    /// MongoDB.
    Mongo(SecretString),
    /// PostgreSQL or SQLite.
    Sql(SecretString),
}

impl Database {
    /// The most file descriptors of its connections.
    pub fn max_descriptors(&self) -> u64 {
        match self {
            Self::Mongo(_) => mongo::MAX_DESCRIPTORS,
            Self::Sql(_) => shared_store::MAX_DESCRIPTORS,
        }
    }

    /// Reads `MONGO_URL`, and without it `DATABASE_URL`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        if let Some(url) = env.secret("MONGO_URL")? {
            return Ok(Self::Mongo(url));
        }
        let expected = "postgresql://... or sqlite:path, or MONGO_URL instead";
        env.required_secret("DATABASE_URL", expected).map(Self::Sql)
    }
}

impl Config {
    /// Reads the variables that the README lists.
    pub fn from_env(env: &Env, purpose: Purpose) -> Result<Self, ConfigError> {
        settings!(Self {
            server: ServerConfig::from_env(env, Service::Branch, LISTEN_ADDR, purpose),
            database: Database::from_env(env),
            chat: env.base_url("CHAT_URL"),
            undo_window: UndoWindow::from_env(env),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mongo_url_takes_precedence_and_one_of_both_is_required() {
        let env = [("MONGO_URL", "mongodb://db"), ("DATABASE_URL", "sqlite:file")];
        assert!(matches!(Database::from_env(&Env::of(env)), Ok(Database::Mongo(_))));
        assert!(matches!(Database::from_env(&Env::of([env[1]])), Ok(Database::Sql(_))));
        let line = Database::from_env(&Env::default()).unwrap_err().to_string();
        assert!(line.starts_with("DATABASE_URL") && line.contains("MONGO_URL"), "{line}");
    }
}
