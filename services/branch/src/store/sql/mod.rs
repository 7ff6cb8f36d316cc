//! The store on PostgreSQL and SQLite.
//!
//! A branch's row is the lock of its line: append, fork and delete begin with an UPDATE of it. Who takes more than one
//! begins with the trunk's, so nobody waits in a circle. `head_depth` and `head_response_id` are raised in the append's
//! own transaction. There are no caches here.
//!
//! Whoever is about to lock rows queues for them before a connection is taken from the pool, in the same order. So a
//! line that many write, or that somebody has locked, holds one connection of a process and not all.

mod abort;
mod append;
mod branches;
mod conditions;
mod content;
mod delete;
mod fork;
mod forks;
mod look_up;
mod messages;
mod monotonic_time;
mod page;
mod place;
mod queries;
mod rows;
mod schema;
mod sweep;

use super::{
    Answer, Branches, ContentStore, Lookup, Messages, NewBranch, NewMessage, NewTrunk, Node, PageRequest,
    Position, TimePlace,
};
use crate::domain::{Branch, BranchKey, BranchName, Message};
pub use content::SqlContent;
use secrecy::SecretString;
use shared::check::Report;
use shared::clock::Clock;
use shared::embed_store_migrations;
use shared::idempotency::{Created, IdempotencyKey};
use shared::identity::Service;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared::metrics::Metrics;
use shared::server::{MemoryBudget, StartError, Tasks};
use shared::store::{self, KeyedMutex, Migrations, Store};
use std::time::Duration;

/// The name of the schema on PostgreSQL.
const SCHEMA: &str = "branch";
const MIGRATIONS: Migrations = embed_store_migrations!();

/// Looks at the database of `DATABASE_URL`, and changes nothing.
pub async fn inspect(report: &mut Report, url: &SecretString) {
    store::inspect(report, SCHEMA, url, MIGRATIONS).await;
}

impl SqlContent {
    /// Connects to the database of `DATABASE_URL` and brings its tables up to date. Transactions that were begun end in
    /// `tasks`.
    pub async fn open(
        url: &SecretString,
        patience: Duration,
        clock: Clock,
        tasks: &Tasks,
        memory: MemoryBudget,
    ) -> Result<Self, StartError> {
        let store = Store::open(url, SCHEMA, MIGRATIONS, patience).await?;
        Ok(Self { store, clock, rows: KeyedMutex::default(), tasks: tasks.clone(), memory })
    }
}

impl ContentStore for SqlContent {
    fn check(&self) -> Answer<'_, ()> {
        Box::pin(async { Ok(self.store.check().await?) })
    }

    fn observe(&self, metrics: &Metrics) {
        self.store.observe(Service::Branch, metrics);
    }

    fn look_up(&self, owner: UserId, id: BranchId) -> Answer<'_, Lookup> {
        Box::pin(look_up::look_up(&self.store, owner, id))
    }

    fn plant(&self, trunk: NewTrunk) -> Answer<'_, ()> {
        Box::pin(look_up::plant(&self.store, trunk))
    }

    fn replay_message<'a>(&'a self, key: &'a IdempotencyKey) -> Answer<'a, Option<Message>> {
        Box::pin(messages::replay(&self.store, key))
    }

    fn append<'a>(&'a self, message: &'a NewMessage) -> Answer<'a, Created<Message>> {
        Box::pin(append::append(self, message))
    }

    fn page<'a>(&'a self, page: &'a PageRequest) -> Answer<'a, Messages<Position>> {
        Box::pin(page::page(&self.store, &self.memory, page))
    }

    fn message(&self, owner: UserId, id: ResponseId) -> Answer<'_, Option<Message>> {
        Box::pin(messages::message(&self.store, owner, id))
    }

    fn messages(
        &self,
        owner: UserId,
        after: Option<TimePlace>,
        limit: usize,
    ) -> Answer<'_, Messages<TimePlace>> {
        Box::pin(messages::messages(&self.store, &self.memory, owner, after, limit))
    }

    fn replay_branch<'a>(&'a self, key: &'a IdempotencyKey) -> Answer<'a, Option<Node>> {
        Box::pin(look_up::replay(&self.store, key))
    }

    fn check_fork<'a>(&'a self, branch: &'a NewBranch) -> Answer<'a, ()> {
        Box::pin(async { fork::origin(&self.store, branch).await.map(drop) })
    }

    fn fork<'a>(&'a self, branch: &'a NewBranch) -> Answer<'a, Created<Node>> {
        Box::pin(fork::fork(self, branch))
    }

    fn branches<'a>(
        &'a self,
        node: &'a Branch,
        after: Option<BranchKey>,
        limit: usize,
    ) -> Answer<'a, Branches> {
        Box::pin(branches::branches(&self.store, node, after, limit))
    }

    fn activate(&self, owner: UserId, chat: ChatId, branch: BranchId) -> Answer<'_, ()> {
        Box::pin(branches::activate(self, owner, chat, branch))
    }

    fn rename<'a>(
        &'a self,
        owner: UserId,
        branch: BranchId,
        name: Option<&'a BranchName>,
    ) -> Answer<'a, Node> {
        Box::pin(branches::rename(self, owner, branch, name))
    }

    fn delete_branch(&self, owner: UserId, branch: BranchId, cascade: bool) -> Answer<'_, ()> {
        Box::pin(delete::delete_branch(self, owner, branch, cascade))
    }

    fn delete_chat(&self, owner: UserId, chat: ChatId) -> Answer<'_, ()> {
        Box::pin(delete::delete_chat(self, owner, chat))
    }

    fn sweep(&self) -> Answer<'_, bool> {
        Box::pin(sweep::sweep(&self.store, &self.clock))
    }
}
