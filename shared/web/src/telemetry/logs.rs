//! Logs to standard output: a line for each event, as JSON or for a terminal.

use crate::server::{CONNECTION_ERROR_TARGETS, ConnectionErrorLayer};
use shared::env::{ConfigError, Env};
use shared::settings;
use std::io::IsTerminal;
use std::str::FromStr;
use tracing_subscriber::filter::{FilterExt as _, LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

/// The prefixes of this workspace's targets, whose events hold no content of users at any level.
const OWN_CRATES: [&str; 7] = ["auth", "banyan", "branch", "chat", "gateway", "shared", "standalone"];

/// The default of `RUST_LOG`: level INFO, and WARN of the HTTP server.
fn default_filter() -> Targets {
    Targets::new().with_default(LevelFilter::INFO).with_target("actix_server", LevelFilter::WARN)
}

/// The highest levels that are logged, whatever `RUST_LOG` says.
///
/// Libraries log content at `debug` and `trace`: `tokio_postgres` logs every statement with its parameters, which are messages and
/// password hashes. At `info` it logs the server's notices, which may repeat statements. Errors of connections, which any client
/// can cause, are counted instead.
fn content_cap() -> Targets {
    Targets::new()
        .with_default(LevelFilter::INFO)
        .with_targets(OWN_CRATES.map(|name| (name, LevelFilter::TRACE)))
        .with_target("tokio_postgres", LevelFilter::WARN)
        .with_targets(CONNECTION_ERROR_TARGETS.map(|target| (target, LevelFilter::OFF)))
}

/// The events of errors on connections, which are counted.
fn connection_errors() -> Targets {
    Targets::new().with_targets(CONNECTION_ERROR_TARGETS.map(|target| (target, LevelFilter::ERROR)))
}

/// The format of log lines (`LOG_FORMAT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// A JSON object a line.
    Json,
    /// Text for a terminal.
    Pretty,
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "json" => Ok(Self::Json),
            "pretty" => Ok(Self::Pretty),
            _ => Err("is not known"),
        }
    }
}

/// Validates `LOG_FORMAT` and `RUST_LOG`.
pub fn check_env(env: &Env) -> Result<(), ConfigError> {
    read(env, LogFormat::Json).map(drop)
}

fn read(env: &Env, default: LogFormat) -> Result<(LogFormat, Targets), ConfigError> {
    struct Read {
        format: LogFormat,
        filter: Targets,
    }
    let read = settings!(Read {
        format: env.or("LOG_FORMAT", "json or pretty", default),
        filter: env.or("RUST_LOG", "a filter such as info,auth=debug", default_filter()),
    })?;
    Ok((read.format, read.filter))
}

/// Logs warnings to standard error, for a command whose standard output is its result.
pub fn init_for_command() {
    let lines = lines(&std::io::stderr()).with_writer(std::io::stderr);
    let filter = Targets::new().with_default(LevelFilter::WARN).and(content_cap());
    drop(registry().with(lines.with_filter(filter)).try_init());
}

/// Log lines for this stream: with colours on a terminal, unless `NO_COLOR` is set and not empty, which the library sees to.
fn lines<S>(stream: &impl IsTerminal) -> fmt::Layer<S> {
    if stream.is_terminal() { fmt::Layer::default() } else { fmt::Layer::default().with_ansi(false) }
}

/// Starts logging for this process by `LOG_FORMAT` and `RUST_LOG`, and returns the format. A second call changes nothing.
pub fn init(env: &Env, default: LogFormat) -> Result<LogFormat, ConfigError> {
    let (format, filter) = read(env, default)?;
    let lines = lines(&std::io::stdout());
    let lines = match format {
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
        }
        LogFormat::Pretty => lines.boxed(),
    };
    // It fails if a subscriber is set already, as for several services in one process.
    let lines = lines.with_filter(filter.and(content_cap()));
    drop(registry().with(lines).with(ConnectionErrorLayer.with_filter(connection_errors())).try_init());
    Ok(format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_that_log_content_are_capped_at_info() {
        let cap = content_cap();
        let libraries =
            ["tokio_postgres::query", "mongodb::command", "diesel", "hyper", "reqwest", "rustls", "h2"];
        for target in libraries.into_iter().chain(["actix_http::h1", "a_library_of_tomorrow"]) {
            assert!(!cap.would_enable(target, &tracing::Level::DEBUG), "{target}");
        }
        assert!(!cap.would_enable("tokio_postgres::connection", &tracing::Level::INFO));
        for target in CONNECTION_ERROR_TARGETS {
            assert!(!cap.would_enable(target, &tracing::Level::ERROR), "{target}");
        }
        for own in ["auth::routes", "shared::store::outbox", "gateway", "banyan"] {
            assert!(cap.would_enable(own, &tracing::Level::TRACE), "{own}");
        }
    }
}
