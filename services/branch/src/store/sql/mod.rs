//! The store on PostgreSQL and SQLite.
//!
//! A branch's row is the lock of its line: append, fork and delete begin with an UPDATE of it. A transaction that locks more
//! than one row locks the trunk's first, so that there are no deadlocks. An append raises `head_depth` and
//! `head_response_id` in its own transaction. There are no caches.
//!
//! A transaction queues in memory for the rows that it will lock, in the same order, before it takes a connection from the
//! pool. So a line with many writers, or a locked one, holds one connection of a process and not all.

mod abort;
mod ancestry_column;
mod append;
mod branches;
mod conditions;
mod content;
mod delete;
mod fork;
mod lookup;
mod message_forks;
mod messages;
mod monotonic_time;
mod page;
mod queries;
mod rows;
mod schema;
mod sweep;

pub(super) use content::SqlContent;

use crate::error::Error;
use secrecy::SecretString;
use shared::check::Report;
use shared::clock::Clock;
use shared::error::StartError;
use shared::service::Service;
use shared::tasks::Tasks;
use shared_store;
use shared_store::embed_store_migrations;
use shared_store::{KeyedMutex, Migrations, Store};
use shared_web::body_limits::MemoryBudget;
use shared_web::metrics::Metrics;
use std::time::Duration;

/// The schema on PostgreSQL.
const SCHEMA: &str = "branch";
const MIGRATIONS: Migrations = embed_store_migrations!();

/// Reports on the database of `DATABASE_URL`, and changes nothing.
pub async fn inspect(report: &mut Report, url: &SecretString) {
    shared_store::inspect(report, SCHEMA, url, MIGRATIONS).await;
}

impl SqlContent {
    /// Connects to the database of `DATABASE_URL` and runs the migrations. Transactions run in `tasks`, to their end.
    pub(crate) async fn open(
        url: &SecretString,
        statement_timeout: Duration,
        clock: Clock,
        tasks: &Tasks,
        memory: MemoryBudget,
    ) -> Result<Self, StartError> {
        let store = Store::open(url, SCHEMA, MIGRATIONS, statement_timeout).await?;
        Ok(Self { store, clock, row_mutex: KeyedMutex::default(), tasks: tasks.clone(), memory })
    }

    pub(crate) async fn check(&self) -> Result<(), Error> {
        Ok(self.store.check().await?)
    }

    pub(crate) fn observe(&self, metrics: &Metrics) {
        let store = self.store.clone();
        metrics.observe_pools(Service::Branch, move || store.pools());
    }
}
