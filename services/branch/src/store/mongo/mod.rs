//! The store on MongoDB.
//!
//! There are no transactions here: every operation is an order of single-document writes in which a crash leaves
//! nothing half there, and the sweep finishes what it finds. What a branch goes through is told by its `state`
//! (`documents.rs`), and each change of it names the state that it expects. An append is one insert at the depth after
//! the head, which the unique index on (branch, depth) decides; turns and cached heads before it only spare retries.

mod append;
mod client;
mod documents;
mod engine;
mod read;
mod tree;
mod write_behind;

pub use client::connect::MAX_DESCRIPTORS;
pub use client::inspect::inspect;

pub(super) use engine::Mongo;

use crate::error::Error;
use append::queue::Turns;
use client::{connect, migrate};
use secrecy::SecretString;
use shared::clock::Clock;
use shared::identity::Service;
use shared::metrics::Metrics;
use shared::server::{MemoryBudget, StartError, Tasks};
use std::sync::Arc;
use write_behind::Behind;

impl Mongo {
    /// Connects to the server of `MONGO_URL` and brings the collections up to date. What is written behind is written
    /// in `tasks`.
    pub(crate) async fn open(
        url: &SecretString,
        clock: Clock,
        tasks: &Tasks,
        memory: MemoryBudget,
    ) -> Result<Self, StartError> {
        let connections = Arc::default();
        let database = connect::connect(url, &connections).await?;
        migrate::migrate(&database, &clock).await?;
        Ok(Self {
            branches: database.collection("branches"),
            messages: database.collection("messages"),
            behind: Behind::spawn(database.clone(), tasks),
            turns: Turns::new(),
            tasks: tasks.clone(),
            database,
            connections,
            clock,
            memory,
        })
    }

    pub(crate) async fn check(&self) -> Result<(), Error> {
        connect::ping(&self.database).await
    }

    pub(crate) fn observe(&self, metrics: &Metrics) {
        let connections = Arc::clone(&self.connections);
        metrics.observe(move |readings| readings.pool(Service::Branch, &connections.state()));
    }
}
