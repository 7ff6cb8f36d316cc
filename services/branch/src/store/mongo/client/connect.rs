//! The connection to the server.

use crate::error::Error;
use crate::store::mongo::client::errors::{is_passing, unavailable};
use crate::store::mongo::client::pool_metrics::Connections;
use mongodb::bson::{Document, doc};
use mongodb::error::{Error as MongoError, ErrorKind};
use mongodb::options::{Acknowledgment, ClientOptions, ReadConcern, WriteConcern};
use mongodb::{Client, Database};
use secrecy::{ExposeSecret as _, SecretString};
use shared::config::ConfigError;
use shared::server::{NoAnswer, StartError, until_it_answers};
use std::sync::Arc;
use std::time::Duration;

/// The database where the URL names none.
pub(crate) const DATABASE: &str = "banyan";
/// How long a server is looked for before an operation fails.
const SELECTION: Duration = Duration::from_secs(3);
/// The most connections to a server.
const POOL: u32 = 64;
/// The file descriptors that it holds at most, with those that watch three servers; more where the URL has a larger
/// `maxPoolSize`.
pub const MAX_DESCRIPTORS: u64 = 72;

/// Connects to the server of `MONGO_URL`, as soon as there is one. All is read and written by majority, unless an
/// operation says otherwise.
pub(crate) async fn connect(
    url: &SecretString,
    connections: &Arc<Connections>,
) -> Result<Database, StartError> {
    let mut options = until_it_answers("MONGO_URL", || parse(url)).await?;
    options.cmap_event_handler = Some(connections.handler());
    connections.may_be(options.max_pool_size.unwrap_or(POOL));
    let name = options.default_database.clone().unwrap_or_else(|| DATABASE.to_owned());
    let database = Client::with_options(options).map_err(|error| failed(&error))?.database(&name);
    until_it_answers("MONGO_URL", || say_who_answers(&database)).await?;
    Ok(database)
}

/// Reads the URL. That of `mongodb+srv` is a name, which may not be known yet.
pub(crate) async fn parse(url: &SecretString) -> Result<ClientOptions, NoAnswer> {
    let parsed = ClientOptions::parse(url.expose_secret()).await;
    let mut options = parsed.map_err(|error| {
        if let ErrorKind::DnsResolve { message, .. } = &*error.kind {
            return NoAnswer::Yet(message.clone());
        }
        // Others may quote the URL, and with it the password.
        let problem = "is no URL of MongoDB; expected mongodb://...";
        NoAnswer::Ever(ConfigError::new("MONGO_URL", problem).into())
    })?;
    options.app_name.get_or_insert_with(|| "banyan-branch".to_owned());
    options.server_selection_timeout.get_or_insert(SELECTION);
    options.connect_timeout.get_or_insert(SELECTION);
    options.max_pool_size.get_or_insert(POOL);
    options.retry_writes.get_or_insert(true);
    options.write_concern = Some(WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build());
    options.read_concern = Some(ReadConcern::majority());
    Ok(options)
}

pub(crate) fn failed(error: &dyn std::fmt::Display) -> StartError {
    StartError::Store(format!("MONGO_URL: the database cannot be used: {error}"))
}

async fn say_who_answers(database: &Database) -> Result<(), NoAnswer> {
    let (build, hello) = (doc! {"buildInfo": 1}, doc! {"hello": 1});
    let build = database.run_command(build).await.map_err(|error| no_answer(&error))?;
    let hello = database.run_command(hello).await.map_err(|error| no_answer(&error))?;
    let version = build.get_str("version").unwrap_or("unknown");
    tracing::info!(version, topology = topology(&hello), database = database.name(), "MongoDB answers");
    Ok(())
}

fn no_answer(error: &MongoError) -> NoAnswer {
    // Its own text goes on about labels and sources.
    let cause = error.kind.to_string();
    if is_passing(error) { NoAnswer::Yet(cause) } else { NoAnswer::Ever(failed(&cause)) }
}

pub(crate) fn topology(hello: &Document) -> &'static str {
    match hello.get_str("msg") {
        Ok("isdbgrid") => "sharded",
        _ if hello.contains_key("setName") => "replica set",
        _ => "standalone",
    }
}

/// Asks the server whether it answers.
pub(crate) async fn ping(database: &Database) -> Result<(), Error> {
    let answer = tokio::time::timeout(SELECTION, async { database.run_command(doc! {"ping": 1}).await });
    answer.await.map_err(unavailable)??;
    Ok(())
}
