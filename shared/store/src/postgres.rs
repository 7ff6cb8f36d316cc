//! PostgreSQL: connecting, for the pool and the migrations alike.

use super::connect_failure::ConnectFailure;
use super::pg_stream::PgStream;
use super::pg_tls::Negotiator;
use super::tls::{self, TlsMode};
use super::{migrate, sqlstate};
use crate::error::StoreError;
use crate::store::Store;
use diesel::ConnectionError;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::pooled_connection::deadpool::{Hook, HookError, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use diesel_migrations::EmbeddedMigrations;
use shared::env::ConfigError;
use shared::error::StartError;
use shared::error::causes;
use shared::retry::{RetryError, retry_until};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::UnixStream;
use tokio_postgres::NoTls;
use tokio_postgres::config::{Host, SslMode, SslNegotiation};

const POOL_SIZE: usize = 16;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The longest `lock_timeout`; it is half of the statement's time-out if that is shorter. It is less than the time-out of the pool.
const MAX_LOCK_TIMEOUT: Duration = Duration::from_secs(2);
/// The least time between two markings of all connections as stale.
const MIN_STALE_INTERVAL: Duration = Duration::from_secs(1);
/// A commit is durable before the response: `synchronous_commit = off` of a server or a role is overridden, a stricter value is not.
const SET_DURABLE_COMMITS: &str = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';";
/// Lookups by index cost less than scans, also of small tables, whose plans are kept while they grow: rows are counted, and pages are not.
/// See docs/decisions/0014-plans-on-postgresql.md.
const PLANNER_SETTINGS: [(&str, &str); 3] =
    [("enable_seqscan", "off"), ("seq_page_cost", "0"), ("random_page_cost", "0")];
/// The advisory lock of migrations, the same for every service.
const MIGRATION_LOCK: i64 = 0x6261_6e79_616e;

pub(super) async fn open(
    url: &str,
    schema: &'static str,
    migrations: EmbeddedMigrations,
    statement_timeout: Duration,
) -> Result<Store, StartError> {
    let target = Arc::new(Target::parse(url, schema)?);
    let connection = retry_until("DATABASE_URL", async || target.prepare().await).await?;
    let migrated = tokio::task::spawn_blocking(move || {
        let mut connection = AsyncConnectionWrapper::<_>::from(connection);
        // The lock ends with the connection.
        migrate::run(&mut connection, schema, migrations)
    });
    migrated.await.map_err(|error| migrate::failed(&error))??;
    let stale = Arc::clone(&target.stale);
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |_| {
        let target = Arc::clone(&target);
        Box::pin(async move {
            let lock = MAX_LOCK_TIMEOUT.min(statement_timeout / 2).as_millis();
            let timeouts = [
                ("statement_timeout", statement_timeout.as_millis().to_string()),
                ("lock_timeout", lock.to_string()),
                // A process that stands still, or whose machine is gone, holds the locks of its transaction no longer than a statement may take.
                ("idle_in_transaction_session_timeout", statement_timeout.as_millis().to_string()),
            ];
            let planner = PLANNER_SETTINGS.map(|(name, value)| (name, value.to_owned()));
            let settings: Vec<_> = timeouts.into_iter().chain(planner).collect();
            Ok(target.connect(&settings).await?)
        })
    });
    let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config("", config);
    let current = Hook::sync_fn(move |_, metrics| {
        if stale.covers(metrics.created) {
            return Err(HookError::message("the server took no writes"));
        }
        Ok(())
    });
    let pool = Pool::builder(manager).max_size(POOL_SIZE).pre_recycle(current).build();
    Ok(Store::Postgres(pool.map_err(|error| unreachable(&error))?))
}

fn unreachable(error: &dyn std::fmt::Display) -> StartError {
    StartError::Store(format!("DATABASE_URL: cannot connect: {error}"))
}

/// Connects once, in read-only transactions.
pub(super) async fn connect_read_only(
    url: &str,
    schema: &'static str,
) -> Result<AsyncPgConnection, ConnectFailure> {
    let target = Target::parse(url, schema).map_err(|error| ConnectFailure::of_settings(&error))?;
    let timeout_ms = CONNECT_TIMEOUT.as_millis().to_string();
    let settings = [("default_transaction_read_only", "on".to_owned()), ("statement_timeout", timeout_ms)];
    target.connect(&settings).await
}

/// The parameters of connections.
struct Target {
    config: tokio_postgres::Config,
    tls: TlsMode,
    root_certificates: Option<String>,
    schema: &'static str,
    stale: Arc<StaleConnections>,
}

impl Target {
    /// Parses libpq's URLs, also with a driver's name in the scheme, as SQLAlchemy has it.
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
        if config.get_ssl_negotiation() == SslNegotiation::Direct && tls.is_weak() {
            return Err(wrong(
                "has sslnegotiation=direct; expected sslmode=require, or stricter, with it".into(),
            ));
        }
        if config.get_hosts().is_empty() {
            for address in config.get_hostaddrs().to_vec() {
                config.host(address.to_string());
            }
        }
        config.connect_timeout(CONNECT_TIMEOUT).application_name(format!("banyan-{schema}"));
        Ok(Self { config, tls, root_certificates, schema, stale: Arc::default() })
    }

    /// Connects, and sets the parameters of every session and these.
    async fn connect(&self, settings: &[(&str, String)]) -> Result<AsyncPgConnection, ConnectFailure> {
        let connect = tokio::time::timeout(CONNECT_TIMEOUT, self.establish());
        let mut connection = connect.await.map_err(|_| ConnectFailure::timed_out())??;
        let common = [
            ("search_path", format!("\"{}\"", self.schema)),
            // Row locks are designed for it, and the server, the database or the role may have another default.
            ("default_transaction_isolation", "'read committed'".to_owned()),
            // A notice may repeat a statement.
            ("client_min_messages", "warning".to_owned()),
        ];
        let set = |(name, value): &(&str, String)| format!("SET {name} TO {value}");
        let mut statements: Vec<String> = common.iter().chain(settings).map(set).collect();
        statements.push(SET_DURABLE_COMMITS.to_owned());
        let set_up = connection.batch_execute(&statements.join(";")).await;
        set_up.map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(connection)
    }

    async fn establish(&self) -> Result<AsyncPgConnection, ConnectFailure> {
        let stale = Arc::clone(&self.stale);
        let on_error = Arc::new(move |code: &str| {
            if code == sqlstate::READ_ONLY {
                stale.mark();
            }
        });
        if let Some(socket) = self.unix_socket() {
            let stream = PgStream::new(UnixStream::connect(socket).await?, on_error);
            let (client, connection) = self.config.connect_raw(stream, NoTls).await?;
            tokio::spawn(connection);
            return Ok(AsyncPgConnection::try_from(client).await?);
        }
        let mut tls = tls::client_config(self.tls, self.root_certificates.as_deref())
            .map_err(|error| ConnectFailure::of_settings(&error))?;
        // Direct negotiation needs it, and other servers ignore it.
        tls.alpn_protocols = vec![b"postgresql".to_vec()];
        let negotiator = Negotiator::new(self.tls, self.config.get_ssl_negotiation(), tls, on_error);
        let mut config = self.config.clone();
        // So that the negotiator is called for every connection.
        config.ssl_mode(SslMode::Require).ssl_negotiation(SslNegotiation::Direct);
        let (client, connection) = config.connect(negotiator).await?;
        Ok(AsyncPgConnection::try_from_client_and_connection(client, connection).await?)
    }

    /// The path of the server's Unix socket, if the URL has one. It has no TLS.
    fn unix_socket(&self) -> Option<PathBuf> {
        let [Host::Unix(folder)] = self.config.get_hosts() else { return None };
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        Some(folder.join(format!(".s.PGSQL.{port}")))
    }

    /// Connects for the migrations, takes their lock, and creates the schema.
    async fn prepare(&self) -> Result<AsyncPgConnection, RetryError> {
        // A migration may take long, and other processes wait for it.
        let unlimited = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"];
        let unlimited = unlimited.map(|name| (name, "0".to_owned()));
        let mut connection = self.connect(&unlimited).await.map_err(ConnectFailure::into_retry_error)?;
        // CREATE SCHEMA and the creation of diesel's own table fail if they run concurrently: the lock comes first.
        let schema = self.schema;
        let prepare =
            format!("SELECT pg_advisory_lock({MIGRATION_LOCK}); CREATE SCHEMA IF NOT EXISTS \"{schema}\";");
        match connection.batch_execute(&prepare).await.map_err(StoreError::from) {
            Ok(()) => Ok(connection),
            // For instance a replica that is being promoted.
            Err(error) if error.is_transient() => Err(RetryError::Transient(causes(&error))),
            Err(error) => Err(RetryError::Fatal(migrate::failed(&causes(&error)))),
        }
    }
}

/// Connections that are older than a refused write: they may lead to a server that is no longer the primary.
#[derive(Debug, Default)]
struct StaleConnections(Mutex<Option<Instant>>);

impl StaleConnections {
    /// Marks all present connections, at most once in [`MIN_STALE_INTERVAL`]: a server that is read-only for long must not have all
    /// connections replaced at each write.
    fn mark(&self) {
        let now = Instant::now();
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| now.duration_since(last) >= MIN_STALE_INTERVAL) {
            *last = Some(now);
        }
    }

    /// Whether a connection of this age is stale.
    fn covers(&self, created: Instant) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| created <= last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_postgres::config::Host;

    #[test]
    fn a_url_with_a_drivers_name_is_accepted() {
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
    fn every_sslmode_of_libpq_is_accepted_and_no_other() {
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
    fn a_server_is_named_by_host_address_or_unix_socket() {
        let target = |rest: &str| Target::parse(&format!("postgresql://{rest}"), "auth").unwrap();
        let hosts = |rest: &str| target(rest).config.get_hosts().to_vec();
        assert_eq!(hosts("u@/name?hostaddr=10.0.0.7"), [Host::Tcp("10.0.0.7".to_owned())]);
        assert_eq!(hosts("u@a,b/name?target_session_attrs=read-write").len(), 2);
        let socket = target("u@/name?host=/run/postgresql&port=5433").unix_socket();
        assert_eq!(socket, Some(PathBuf::from("/run/postgresql/.s.PGSQL.5433")));
        assert_eq!(target("u@db/name").unix_socket(), None);
        let direct = |mode: &str| format!("postgresql://u@db/name?sslnegotiation=direct&sslmode={mode}");
        assert!(Target::parse(&direct("prefer"), "auth").is_err());
        assert!(Target::parse(&direct("require"), "auth").is_ok());
    }

    #[test]
    fn connections_older_than_a_refused_write_are_stale() {
        let (stale, before) = (StaleConnections::default(), Instant::now());
        assert!(!stale.covers(before));
        stale.mark();
        assert!(stale.covers(before));
        stale.mark();
        assert!(!stale.covers(Instant::now()));
    }

    #[test]
    fn the_error_of_a_wrong_url_does_not_quote_its_password() {
        let error = Target::parse("postgresql://u:hunter2@db:port/name", "auth").err().unwrap().to_string();
        assert!(error.starts_with("DATABASE_URL") && !error.contains("hunter2"), "{error}");
    }
}
