//! The connection to the server.

use super::failure::unavailable;
use crate::error::Error;
use mongodb::bson::{Document, doc};
use mongodb::options::{Acknowledgment, ClientOptions, ReadConcern, WriteConcern};
use mongodb::{Client, Database};
use secrecy::{ExposeSecret as _, SecretString};
use shared::config::ConfigError;
use shared::server::StartError;
use std::time::Duration;

/// The database where the URL names none.
const DATABASE: &str = "banyan";
/// How long a server is looked for before an operation fails.
const SELECTION: Duration = Duration::from_secs(3);
/// The most connections to a server.
const POOL: u32 = 64;

/// Connects to the server of `MONGO_URL`. All is read and written by majority, unless an operation says otherwise.
pub(super) async fn connect(url: &SecretString) -> Result<Database, StartError> {
    let mut options = ClientOptions::parse(url.expose_secret())
        .await
        .map_err(|_| ConfigError::new("MONGO_URL", "is no URL of MongoDB; expected mongodb://..."))?;
    options.app_name.get_or_insert_with(|| "banyan-branch".to_owned());
    options.server_selection_timeout.get_or_insert(SELECTION);
    options.connect_timeout.get_or_insert(SELECTION);
    options.max_pool_size.get_or_insert(POOL);
    options.retry_writes.get_or_insert(true);
    options.write_concern = Some(WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build());
    options.read_concern = Some(ReadConcern::majority());
    let name = options.default_database.clone().unwrap_or_else(|| DATABASE.to_owned());
    let client = Client::with_options(options).map_err(|error| failed(&error))?;
    let database = client.database(&name);
    say_who_answers(&database).await.map_err(|error| failed(&error))?;
    Ok(database)
}

pub(super) fn failed(error: &dyn std::fmt::Display) -> StartError {
    StartError::Store(format!("MONGO_URL: the database cannot be used: {error}"))
}

async fn say_who_answers(database: &Database) -> mongodb::error::Result<()> {
    let build = database.run_command(doc! {"buildInfo": 1}).await?;
    let hello = database.run_command(doc! {"hello": 1}).await?;
    let version = build.get_str("version").unwrap_or("unknown");
    tracing::info!(version, topology = topology(&hello), database = database.name(), "MongoDB answers");
    Ok(())
}

fn topology(hello: &Document) -> &'static str {
    match hello.get_str("msg") {
        Ok("isdbgrid") => "sharded",
        _ if hello.contains_key("setName") => "replica set",
        _ => "standalone",
    }
}

/// Asks the server whether it answers.
pub(super) async fn ping(database: &Database) -> Result<(), Error> {
    let answer = tokio::time::timeout(SELECTION, async { database.run_command(doc! {"ping": 1}).await });
    answer.await.map_err(unavailable)??;
    Ok(())
}
