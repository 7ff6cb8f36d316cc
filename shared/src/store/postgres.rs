//! PostgreSQL: one way to connect, for the pool and the migrations alike.

use super::connect_failure::ConnectFailure;
use super::tls::{self, TlsMode};
use super::{Store, migrate};
use crate::config::ConfigError;
use crate::server::{StartError, until_it_answers};
use diesel::ConnectionError;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use diesel_migrations::EmbeddedMigrations;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

const CONNECTIONS: usize = 16;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a statement waits for a lock, or half as long as it may take, where that is shorter. Less than others wait
/// for a connection.
const MAX_LOCK_TIMEOUT: Duration = Duration::from_secs(2);
/// The number of the advisory lock under which schemas are made and migrated; the same for every service.
const MIGRATION_LOCK: i64 = 0x6261_6e79_616e;

pub(super) async fn open(
    url: &str,
    schema: &'static str,
    migrations: EmbeddedMigrations,
    patience: Duration,
) -> Result<Store, StartError> {
    let target = Arc::new(Target::parse(url, schema)?);
    let mut connection =
        until_it_answers("DATABASE_URL", async || target.connect().await.map_err(ConnectFailure::at_start))
            .await?;
    // Both statements fail when many do them at once, and so does diesel's own table: the lock comes first.
    let prepare =
        format!("SELECT pg_advisory_lock({MIGRATION_LOCK}); CREATE SCHEMA IF NOT EXISTS \"{schema}\";");
    connection.batch_execute(&prepare).await.map_err(|error| migrate::failed(&error))?;
    let migrated = tokio::task::spawn_blocking(move || {
        let mut connection = AsyncConnectionWrapper::<_>::from(connection);
        // The lock ends with the connection.
        migrate::run(&mut connection, migrations)
    });
    migrated.await.map_err(|error| migrate::failed(&error))??;
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |_| {
        let target = Arc::clone(&target);
        Box::pin(async move {
            let mut connection = target.connect().await?;
            let lock = MAX_LOCK_TIMEOUT.min(patience / 2).as_millis();
            let limit =
                format!("SET statement_timeout TO {}; SET lock_timeout TO {lock}", patience.as_millis());
            let limited = connection.batch_execute(&limit).await;
            limited.map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(connection)
        })
    });
    let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config("", config);
    let pool = Pool::builder(manager).max_size(CONNECTIONS).build().map_err(|error| unreachable(&error))?;
    Ok(Store::Postgres(pool))
}

fn unreachable(error: &dyn std::fmt::Display) -> StartError {
    StartError::Store(format!("DATABASE_URL: cannot connect: {error}"))
}

/// Where and how to connect.
struct Target {
    config: tokio_postgres::Config,
    tls: TlsMode,
    root_certificates: Option<String>,
    schema: &'static str,
}

impl Target {
    /// Takes libpq's URLs, also with the name of a driver in the scheme, as SQLAlchemy has them.
    fn parse(url: &str, schema: &'static str) -> Result<Self, ConfigError> {
        let wrong = |problem: String| ConfigError::new("DATABASE_URL", problem);
        let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
        let scheme = scheme.split('+').next().unwrap_or(scheme);
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut tls = TlsMode::Prefer;
        let mut root_certificates = None;
        let mut kept = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=').unwrap_or((pair, "")) {
                // asyncpg's name for libpq's sslmode.
                ("sslmode" | "ssl", mode) => tls = mode.parse().map_err(wrong)?,
                ("sslrootcert", "system") => root_certificates = None,
                ("sslrootcert", path) => root_certificates = Some(path.replace("%2F", "/")),
                _ => kept.push(pair),
            }
        }
        let question_mark = if kept.is_empty() { "" } else { "?" };
        let plain = format!("{scheme}:{address}{question_mark}{}", kept.join("&"));
        // The parser's error may quote the URL, and with it the password.
        let mut config = tokio_postgres::Config::from_str(&plain).map_err(|_| {
            wrong("is no URL of PostgreSQL; expected postgresql://user:password@host:5432/name".into())
        })?;
        config.ssl_mode(match tls {
            TlsMode::Disable => SslMode::Disable,
            TlsMode::Prefer => SslMode::Prefer,
            TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
        });
        config.connect_timeout(CONNECT_TIMEOUT).application_name(format!("banyan-{schema}"));
        Ok(Self { config, tls, root_certificates, schema })
    }

    async fn connect(&self) -> Result<AsyncPgConnection, ConnectFailure> {
        let tls = tls::client_config(self.tls, self.root_certificates.as_deref())
            .map_err(|error| ConnectFailure::of_settings(&error))?;
        let connect = tokio::time::timeout(CONNECT_TIMEOUT, self.config.connect(MakeRustlsConnect::new(tls)));
        let (client, connection) = connect.await.map_err(|_| ConnectFailure::timed_out())??;
        let mut connection = AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
        let schema = self.schema;
        let setup = connection.batch_execute(&format!("SET search_path TO \"{schema}\"")).await;
        setup.map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_postgres::config::Host;

    #[test]
    fn the_env_of_the_service_that_this_replaces_is_taken() {
        for scheme in ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+asyncpg"] {
            let url = format!("{scheme}://u:p%40ss@db:5433/name?sslmode=disable&connect_timeout=3");
            let target = Target::parse(&url, "auth").unwrap();
            assert_eq!(target.config.get_hosts(), [Host::Tcp("db".to_owned())]);
            assert_eq!(target.config.get_ports(), [5433]);
            assert_eq!(target.config.get_password(), Some(b"p@ss".as_slice()));
            assert_eq!(target.config.get_dbname(), Some("name"));
            assert_eq!(target.tls, TlsMode::Disable);
        }
    }

    #[test]
    fn every_sslmode_is_known_and_no_other() {
        let tls =
            |query: &str| Target::parse(&format!("postgresql://u@db/name{query}"), "auth").map(|t| t.tls);
        assert_eq!(tls("").unwrap(), TlsMode::Prefer);
        assert_eq!(tls("?sslmode=allow").unwrap(), TlsMode::Prefer);
        assert_eq!(tls("?ssl=require").unwrap(), TlsMode::Require);
        assert_eq!(tls("?sslmode=verify-ca&sslrootcert=/ca.pem").unwrap(), TlsMode::VerifyCa);
        assert_eq!(tls("?sslmode=verify-full").unwrap(), TlsMode::VerifyFull);
        assert!(tls("?sslmode=perhaps").is_err());
    }

    #[test]
    fn a_wrong_url_is_told_without_its_password() {
        let error = Target::parse("postgresql://u:hunter2@db:port/name", "auth").err().unwrap().to_string();
        assert!(error.starts_with("DATABASE_URL") && !error.contains("hunter2"), "{error}");
    }
}
