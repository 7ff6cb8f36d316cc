//! The store on MongoDB.
//!
//! It uses no transactions. Every operation is a sequence of single-document writes, ordered so that a crash leaves nothing
//! half done that readers could see, and the sweep finishes what it finds. The `state` of a branch says which operation is
//! under way (`tree::transitions` draws it), and each transition names the state that it expects. An append is one insert
//! at the depth after the head, which the unique index on (branch, depth) decides; the append queue and its cached heads
//! only spare retries.

mod append;
mod client;
mod content;
mod documents;
mod read;
mod tree;
mod write_behind;

pub use client::connect::MAX_DESCRIPTORS;
pub use client::inspect::inspect;

pub(super) use content::MongoContent;

use crate::error::Error;
use append::queue::AppendQueue;
use client::{connect, migrate};
use secrecy::SecretString;
use shared::clock::Clock;
use shared::error::StartError;
use shared::service::Service;
use shared::tasks::Tasks;
use shared_web::body_limits::MemoryBudget;
use shared_web::metrics::Metrics;
use std::sync::Arc;
use write_behind::WriteBehind;

impl MongoContent {
    /// Connects to the server of `MONGO_URL`, runs the migrations, and starts the write-behind in `tasks`.
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
            write_behind: WriteBehind::spawn(database.clone(), tasks),
            append_queue: AppendQueue::new(),
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
