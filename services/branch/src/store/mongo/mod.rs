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

use super::{
    Answer, Branches, ContentStore, Lookup, Messages, NewBranch, NewMessage, NewTrunk, Node, PageRequest,
    Position, Target, TimePlace,
};
use crate::domain::{Branch, BranchKey, BranchName, Message};
pub use client::connect::MAX_DESCRIPTORS;
pub use client::inspect::inspect;

use append::queue::Turns;
use client::{connect, migrate};
use engine::Mongo;
use read::{branches, lookup, messages, page};
use secrecy::SecretString;
use shared::clock::Clock;
use shared::idempotency::{Created, IdempotencyKey};
use shared::identity::Service;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared::metrics::Metrics;
use shared::server::{MemoryBudget, StartError, Tasks};
use std::sync::Arc;
use tree::{delete, fork, sweep, update};
use write_behind::Behind;

/// Messages and branches in MongoDB.
#[derive(Debug, Clone)]
pub struct MongoContent(Arc<Mongo>);

impl MongoContent {
    /// Connects to the server of `MONGO_URL` and brings the collections up to date. What is written behind is written
    /// in `tasks`.
    pub async fn open(
        url: &SecretString,
        clock: Clock,
        tasks: &Tasks,
        memory: MemoryBudget,
    ) -> Result<Self, StartError> {
        let connections = Arc::default();
        let database = connect::connect(url, &connections).await?;
        migrate::migrate(&database, &clock).await?;
        let branches = database.collection("branches");
        let messages = database.collection("messages");
        let behind = Behind::spawn(database.clone(), tasks);
        let turns = Turns::new();
        let tasks = tasks.clone();
        Ok(Self(Arc::new(Mongo {
            database,
            connections,
            branches,
            messages,
            turns,
            behind,
            clock,
            tasks,
            memory,
        })))
    }
}

impl ContentStore for MongoContent {
    fn check(&self) -> Answer<'_, ()> {
        Box::pin(connect::ping(&self.0.database))
    }

    fn observe(&self, metrics: &Metrics) {
        let connections = Arc::clone(&self.0.connections);
        metrics.observe(move |readings| readings.pool(Service::Branch, &connections.state()));
    }

    fn look_up(&self, owner: UserId, id: BranchId) -> Answer<'_, Lookup> {
        Box::pin(lookup::look_up(&self.0, owner, id))
    }

    fn locate(&self, owner: UserId, id: BranchId) -> Answer<'_, Lookup<Target>> {
        Box::pin(lookup::locate(&self.0, owner, id))
    }

    fn plant(&self, trunk: NewTrunk) -> Answer<'_, ()> {
        Box::pin(update::plant(&self.0, trunk))
    }

    fn replay_message<'a>(&'a self, key: &'a IdempotencyKey) -> Answer<'a, Option<Message>> {
        Box::pin(messages::replay(&self.0, key))
    }

    fn append<'a>(&'a self, message: &'a NewMessage) -> Answer<'a, Created<Message>> {
        let message = message.clone();
        Box::pin(self.0.to_the_end(async move |mongo: Arc<Mongo>| append::append(&mongo, message).await))
    }

    fn page<'a>(&'a self, page: &'a PageRequest) -> Answer<'a, Messages<Position>> {
        Box::pin(page::page(&self.0, page))
    }

    fn message(&self, owner: UserId, id: ResponseId) -> Answer<'_, Option<Message>> {
        Box::pin(messages::message(&self.0, owner, id))
    }

    fn messages(
        &self,
        owner: UserId,
        after: Option<TimePlace>,
        limit: usize,
    ) -> Answer<'_, Messages<TimePlace>> {
        Box::pin(messages::messages(&self.0, owner, after, limit))
    }

    fn replay_branch<'a>(&'a self, key: &'a IdempotencyKey) -> Answer<'a, Option<Node>> {
        let key = key.clone();
        Box::pin(self.0.to_the_end(async move |mongo: Arc<Mongo>| fork::replay(&mongo, &key).await))
    }

    fn check_fork<'a>(&'a self, branch: &'a NewBranch) -> Answer<'a, ()> {
        Box::pin(async { fork::origin(&self.0, branch).await.map(drop) })
    }

    fn fork<'a>(&'a self, branch: &'a NewBranch) -> Answer<'a, Created<Node>> {
        let branch = branch.clone();
        Box::pin(self.0.to_the_end(async move |mongo: Arc<Mongo>| fork::fork(&mongo, &branch).await))
    }

    fn branches<'a>(
        &'a self,
        node: &'a Branch,
        after: Option<BranchKey>,
        limit: usize,
    ) -> Answer<'a, Branches> {
        Box::pin(branches::branches(&self.0, node, after, limit))
    }

    fn activate(&self, owner: UserId, chat: ChatId, branch: BranchId) -> Answer<'_, ()> {
        Box::pin(update::activate(&self.0, owner, chat, branch))
    }

    fn rename<'a>(
        &'a self,
        owner: UserId,
        branch: BranchId,
        name: Option<&'a BranchName>,
    ) -> Answer<'a, Node> {
        Box::pin(update::rename(&self.0, owner, branch, name))
    }

    fn delete_branch(&self, owner: UserId, branch: BranchId, cascade: bool) -> Answer<'_, ()> {
        Box::pin(self.0.to_the_end(async move |mongo: Arc<Mongo>| {
            delete::delete_branch(&mongo, owner, branch, cascade).await
        }))
    }

    fn delete_chat(&self, owner: UserId, chat: ChatId) -> Answer<'_, ()> {
        Box::pin(
            self.0.to_the_end(async move |mongo: Arc<Mongo>| delete::delete_chat(&mongo, owner, chat).await),
        )
    }

    fn sweep(&self) -> Answer<'_, bool> {
        Box::pin(self.0.to_the_end(async move |mongo: Arc<Mongo>| sweep::sweep(&mongo).await))
    }
}
