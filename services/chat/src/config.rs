//! The configuration of the chat service; its README lists the variables.

use reqwest::Url;
use secrecy::SecretString;
use shared::env::{ConfigError, Env, Purpose};
use shared::service::Service;
use shared::settings;
use shared::undo_window::UndoWindow;
use shared_web::server::ServerConfig;
use shared_web::tokens::{access_token_ttl, account_retention};
use std::time::Duration;

/// The default of `LISTEN_ADDR`.
pub(crate) const LISTEN_ADDR: &str = "0.0.0.0:8002";

/// The configuration of the service.
#[derive(Debug, Clone)]
pub struct Config {
    /// The part that every server has.
    pub server: ServerConfig,
    /// Its database.
    pub database: SecretString,
    /// Where the auth service is.
    pub auth: Url,
    /// Where the branch service is.
    pub branch: Url,
    /// The base URL of the answer service; `None` where there is none, and it is told of nothing.
    pub answer: Option<Url>,
    /// How long a deleted account is remembered: as long as one of its tokens may be valid.
    pub account_retention: Duration,
    /// How long a deleted chat can be restored.
    pub undo_window: UndoWindow,
}

impl Config {
    /// Reads the variables that the README lists.
    pub fn from_env(env: &Env, purpose: Purpose) -> Result<Self, ConfigError> {
        settings!(Self {
            server: ServerConfig::from_env(env, Service::Chat, LISTEN_ADDR, purpose),
            database: database_url(env),
            auth: env.base_url("AUTH_URL"),
            branch: env.base_url("BRANCH_URL"),
            answer: env.optional_base_url("ANSWER_URL"),
            account_retention: access_token_ttl(env).map(account_retention),
            undo_window: UndoWindow::from_env(env),
        })
    }
}

/// Reads `DATABASE_URL`.
pub(crate) fn database_url(env: &Env) -> Result<SecretString, ConfigError> {
    env.required_secret("DATABASE_URL", "postgresql://... or sqlite:path")
}
