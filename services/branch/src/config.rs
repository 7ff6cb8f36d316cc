//! The configuration of the branch service.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `LISTEN_ADDR` | address and port | `0.0.0.0:8003` |
//! | `SECRET_KEY` | checks tokens; at least 32 bytes, the same for every service | none |
//! | `DATABASE_URL` | `postgresql://...` or `sqlite:path` | none |
//! | `CHAT_URL` | where the chat service is, which knows whose a chat is | none |

use reqwest::Url;
use secrecy::SecretString;
use shared::clock::Clock;
use shared::config::{ConfigError, Env};
use shared::identity::TokenKeys;
use shared::server::Listen;

/// What the service is started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: Listen,
    /// The keys of tokens.
    pub keys: TokenKeys,
    /// Its database.
    pub database: SecretString,
    /// Where the chat service is.
    pub chat: Url,
    /// Where the time comes from.
    pub clock: Clock,
}

impl Config {
    /// Reads the variables that this module's table names.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let clock = Clock::system();
        Ok(Self {
            listen: Listen::from_env(env, "0.0.0.0:8003")?,
            keys: TokenKeys::from_env(env, clock.clone())?,
            database: env.required_secret("DATABASE_URL", "postgresql://... or sqlite:path")?,
            chat: env.base_url("CHAT_URL")?,
            clock,
        })
    }
}
