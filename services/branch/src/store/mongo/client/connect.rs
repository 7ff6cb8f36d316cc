//! The connection to the server.

use crate::error::Error;
use crate::store::mongo::client::errors::{is_transient, unavailable};
use crate::store::mongo::client::pool_metrics::PoolGauges;
use mongodb::bson::{Document, doc};
use mongodb::error::{Error as MongoError, ErrorKind};
use mongodb::options::{Acknowledgment, ClientOptions, ReadConcern, WriteConcern};
use mongodb::{Client, Database};
use secrecy::{ExposeSecret as _, SecretString};
use shared::env::ConfigError;
use shared::error::StartError;
use shared::retry::{RetryError, retry_until};
use std::sync::Arc;
use std::time::Duration;

/// The target of the log lines, kept from before the module moved: operators filter by it.
const LOG_TARGET: &str = "branch::store::mongo::connect";
/// The database if the URL names none.
pub(crate) const DEFAULT_DATABASE: &str = "banyan";
/// How long an operation waits for a server that can take it.
pub(super) const SERVER_SELECTION_TIMEOUT: Duration = Duration::from_secs(3);
/// The most connections to a server.
const MAX_POOL_SIZE: u32 = 64;
/// The most file descriptors, with the monitoring connections to three servers; more if the URL sets a larger
/// `maxPoolSize`.
pub const MAX_DESCRIPTORS: u64 = 72;

/// Connects to the server of `MONGO_URL`, and retries until it answers. Reads and writes are by majority, unless an
/// operation says otherwise.
pub(crate) async fn connect(
    url: &SecretString,
    connections: &Arc<PoolGauges>,
) -> Result<Database, StartError> {
    let mut options = retry_until("MONGO_URL", || parse(url)).await?;
    options.cmap_event_handler = Some(connections.handler());
    connections.set_max(options.max_pool_size.unwrap_or(MAX_POOL_SIZE));
    let name = options.default_database.clone().unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
    let database = Client::with_options(options).map_err(|error| failed(&error))?.database(&name);
    retry_until("MONGO_URL", || say_who_answers(&database)).await?;
    Ok(database)
}

/// Parses the URL. The name in one of `mongodb+srv` may not be resolvable yet.
pub(crate) async fn parse(url: &SecretString) -> Result<ClientOptions, RetryError> {
    let parsed = ClientOptions::parse(url.expose_secret()).await;
    let mut options = parsed.map_err(|error| {
        if let ErrorKind::DnsResolve { message, .. } = &*error.kind {
            return RetryError::Transient(message.clone());
        }
        // Other errors may quote the URL, and with it the password.
        let problem = "is no URL of MongoDB; expected mongodb://...";
        RetryError::Fatal(ConfigError::new("MONGO_URL", problem).into())
    })?;
    options.app_name.get_or_insert_with(|| "banyan-branch".to_owned());
    options.server_selection_timeout.get_or_insert(SERVER_SELECTION_TIMEOUT);
    options.connect_timeout.get_or_insert(SERVER_SELECTION_TIMEOUT);
    options.max_pool_size.get_or_insert(MAX_POOL_SIZE);
    options.retry_writes.get_or_insert(true);
    options.write_concern = Some(WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build());
    options.read_concern = Some(ReadConcern::majority());
    Ok(options)
}

pub(crate) fn failed(error: &dyn std::fmt::Display) -> StartError {
    StartError::Store(format!("MONGO_URL: the database cannot be used: {error}"))
}

async fn say_who_answers(database: &Database) -> Result<(), RetryError> {
    let (build, hello) = (doc! {"buildInfo": 1}, doc! {"hello": 1});
    let build = database.run_command(build).await.map_err(|error| no_answer(&error))?;
    let hello = database.run_command(hello).await.map_err(|error| no_answer(&error))?;
    let version = build.get_str("version").unwrap_or("unknown");
    tracing::info!(target: LOG_TARGET, version, topology = topology(&hello), database = database.name(), "MongoDB answers");
    Ok(())
}

fn no_answer(error: &MongoError) -> RetryError {
    // The error's own text adds labels and sources.
    let cause = error.kind.to_string();
    if is_transient(error) { RetryError::Transient(cause) } else { RetryError::Fatal(failed(&cause)) }
}

pub(crate) fn topology(hello: &Document) -> &'static str {
    match hello.get_str("msg") {
        Ok("isdbgrid") => "sharded",
        _ if hello.contains_key("setName") => "replica set",
        _ => "standalone",
    }
}

/// Pings the server.
pub(crate) async fn ping(database: &Database) -> Result<(), Error> {
    let answer = tokio::time::timeout(SERVER_SELECTION_TIMEOUT, async {
        database.run_command(doc! {"ping": 1}).await
    });
    answer.await.map_err(unavailable)??;
    Ok(())
}
