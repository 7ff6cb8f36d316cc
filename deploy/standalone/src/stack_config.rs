//! The configuration of the stack, and of each of its programs.

use crate::config::{Databases, LISTEN_ADDR, LISTEN_SETTING, Options};
use crate::traces::StackTraces;
use answer::config::UserKeysConfig;
use answer::domain::Timing;
use answer::models::Models;
use answer::store::UserLimits;
use auth::config::{PasswordConfig, TokenLife, registration_policy};
use auth::domain::RegistrationPolicy;
use gateway::config::{
    AllowedOrigins, ConcurrencyConfig, DownstreamConfig, RateLimitConfig, Resolution, Timeouts, UiConfig,
    UpstreamUrls, has_ui,
};
use reqwest::Url;
use secrecy::SecretString;
use shared::clock::Clock;
use shared::env::{ConfigError, Env, Purpose};
use shared::settings;
use shared::undo_window::UndoWindow;
use shared_web::body_limits::BodyLimits;
use shared_web::metrics::Metrics;
use shared_web::server::{Listen, ServerConfig};
use shared_web::timeouts::ServerTimeouts;
use shared_web::tokens::{TokenKeys, account_retention};
use std::path::PathBuf;
use std::time::Duration;

/// The configuration of the stack.
#[derive(Debug)]
pub struct StackConfig {
    /// The address of the gateway.
    pub listen: Listen,
    /// `SECRET_KEY`; without it the secret of the data folder is used.
    pub secret: Option<SecretString>,
    /// The gateway's side towards clients: proxies, CORS, compression.
    pub downstream: DownstreamConfig,
    /// Whether the gateway has its page.
    pub has_ui: bool,
    /// Rate limits; none if they are off.
    pub rate_limits: Option<RateLimitConfig>,
    /// Concurrency limits; none if they are off.
    pub concurrency: Option<ConcurrencyConfig>,
    /// Time-outs of all servers.
    pub times: ServerTimeouts,
    /// Limits of bodies, of all services together.
    pub bodies: BodyLimits,
    /// Further time-outs of the gateway.
    pub gateway_timeouts: Timeouts,
    /// The database of each service.
    pub databases: Databases,
    /// The lifetimes of tokens.
    pub tokens: TokenLife,
    /// The cost of hashes and the policy for new passwords.
    pub passwords: PasswordConfig,
    /// The registration policy: open or closed.
    pub registration: RegistrationPolicy,
    /// How long what is deleted can be restored.
    pub undo_window: UndoWindow,
    /// The models that answer questions.
    pub models: Models,
    /// The limits of a user's questions.
    pub answer_limits: UserLimits,
    /// The most bytes of a question.
    pub question_bytes: usize,
    /// Users' own keys for providers.
    pub user_keys: UserKeysConfig,
    /// The time for which answers under way go on at a stop.
    pub answer_drain: Duration,
    /// The clock.
    pub clock: Clock,
    /// The folder of the data.
    pub data_dir: PathBuf,
    /// The metrics of all services together.
    pub metrics: Metrics,
    /// The export of spans.
    pub traces: StackTraces,
}

impl StackConfig {
    /// Reads options and variables. To serve, it binds the port of the metrics.
    pub fn from_env(options: &Options, env: &Env, purpose: Purpose) -> Result<Self, ConfigError> {
        let clock = Clock::system();
        settings!(Self {
            listen: Listen::parse(LISTEN_SETTING, &options.listen, LISTEN_ADDR),
            secret: secret(env, &clock),
            // For pages that are developed on this machine.
            downstream: DownstreamConfig::from_env_or(env, AllowedOrigins::Local),
            has_ui: has_ui(env),
            rate_limits: RateLimitConfig::from_env(env),
            concurrency: ConcurrencyConfig::from_env(env),
            times: ServerTimeouts::from_env(env),
            bodies: BodyLimits::from_env(env),
            gateway_timeouts: Timeouts::from_env(env),
            databases: Databases::from_env(env, &options.data_dir),
            tokens: TokenLife::from_env(env),
            passwords: PasswordConfig::from_env(env),
            registration: registration_policy(env),
            undo_window: UndoWindow::from_env(env),
            models: Models::from_env(env),
            answer_limits: answer::config::limits(env),
            question_bytes: answer::config::question_bytes(env),
            user_keys: UserKeysConfig::from_env(env),
            answer_drain: answer::config::drain(env),
            clock: Ok(clock),
            data_dir: Ok(options.data_dir.clone()),
            metrics: Metrics::from_env(env, purpose),
            traces: StackTraces::from_env(env, purpose),
        })
    }
}

/// Reads `SECRET_KEY`, and checks that it makes keys.
fn secret(env: &Env, clock: &Clock) -> Result<Option<SecretString>, ConfigError> {
    let secret = env.secret("SECRET_KEY")?;
    secret.as_ref().map(|secret| TokenKeys::new(secret, clock.clone())).transpose()?;
    Ok(secret)
}

/// The configurations of the gateway and the services. Each knows the URLs that it calls.
impl StackConfig {
    /// The server of the gateway, from which those of the services follow.
    pub(crate) fn server(&self, listen: Listen, keys: TokenKeys) -> ServerConfig {
        ServerConfig {
            listen,
            keys,
            clock: self.clock.clone(),
            times: self.times,
            bodies: self.bodies.clone(),
            metrics: self.metrics.clone(),
            traces: self.traces.gateway.clone(),
        }
    }

    pub(crate) fn gateway(&self, server: ServerConfig, upstreams: UpstreamUrls) -> gateway::config::Config {
        gateway::config::Config {
            server,
            upstreams,
            downstream: self.downstream.clone(),
            ui: self.has_ui.then_some(UiConfig { refresh_token_ttl: self.tokens.refresh }),
            rate_limits: self.rate_limits,
            concurrency: self.concurrency,
            timeouts: self.gateway_timeouts,
            descriptor_use: self.databases.descriptor_use(),
            resolution: Resolution::default(),
        }
    }

    pub(crate) fn branch(&self, server: ServerConfig, chat: Url) -> branch::config::Config {
        let server = ServerConfig { traces: self.traces.branch.clone(), ..server };
        branch::config::Config {
            server,
            database: self.databases.branch.clone(),
            chat,
            undo_window: self.undo_window,
        }
    }

    pub(crate) fn answer(
        &self,
        server: ServerConfig,
        urls: &UpstreamUrls,
        secret: SecretString,
    ) -> answer::config::Config {
        answer::config::Config {
            server: ServerConfig { traces: self.traces.answer.clone(), ..server },
            database: self.databases.answer.clone(),
            branch: urls.branch.clone(),
            chat: urls.chat.clone(),
            models: self.models.clone(),
            limits: self.answer_limits,
            question_bytes: self.question_bytes,
            drain: self.answer_drain,
            secret,
            user_keys: self.user_keys.clone(),
            account_retention: account_retention(self.tokens.access),
            timing: Timing::default(),
        }
    }

    pub(crate) fn chat(&self, server: ServerConfig, urls: &UpstreamUrls) -> chat::config::Config {
        chat::config::Config {
            server: ServerConfig { traces: self.traces.chat.clone(), ..server },
            database: self.databases.chat.clone(),
            auth: urls.auth.clone(),
            branch: urls.branch.clone(),
            answer: urls.answer.clone(),
            account_retention: account_retention(self.tokens.access),
            undo_window: self.undo_window,
        }
    }

    pub(crate) fn auth(&self, server: ServerConfig, urls: &UpstreamUrls) -> auth::config::Config {
        auth::config::Config {
            server: ServerConfig { traces: self.traces.auth.clone(), ..server },
            database: self.databases.auth.clone(),
            chat: urls.chat.clone(),
            answer: urls.answer.clone(),
            tokens: self.tokens,
            passwords: self.passwords,
            registration: self.registration,
            throttles_logins: self.rate_limits.is_some(),
            password_grant_rate: self.rate_limits.map(|rates| rates.login),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(env: &Env) -> AllowedOrigins {
        let options = Options { listen: "127.0.0.1:0".to_owned(), data_dir: "data".into(), task: None };
        StackConfig::from_env(&options, env, Purpose::Check).unwrap().downstream.allowed_origins
    }

    #[tokio::test]
    async fn local_origins_are_allowed_unless_cors_allowed_origins_is_set() {
        assert_eq!(origins(&Env::default()), AllowedOrigins::Local);
        let named = Env::of([("CORS_ALLOWED_ORIGINS", "https://app.example")]);
        assert_eq!(origins(&named), AllowedOrigins::Listed(vec!["https://app.example".to_owned()]));
    }
}
