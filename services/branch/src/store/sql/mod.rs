//! The store on PostgreSQL and SQLite.
//!
//! A branch's row is the lock of its line: append, fork and delete begin with an UPDATE of it. Who takes more than one
//! begins with the trunk's, so nobody waits in a circle. `head_depth` and `head_response_id` are raised in the append's
//! own transaction. There are no caches here.

mod append;
mod branches;
mod conditions;
mod delete;
mod fork;
mod forks;
mod look_up;
mod messages;
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
use crate::error::Error;
use secrecy::SecretString;
use shared::clock::Clock;
use shared::embed_store_migrations;
use shared::idempotency::{Created, IdempotencyKey};
use shared::identity::Service;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared::metrics::Metrics;
use shared::server::StartError;
use shared::store::{Migrations, Store, StoreError};
use std::time::Duration;

/// The name of the schema on PostgreSQL.
const SCHEMA: &str = "branch";
const MIGRATIONS: Migrations = embed_store_migrations!();

/// Messages and branches in SQL.
#[derive(Debug, Clone)]
pub struct SqlContent {
    store: Store,
    clock: Clock,
}

impl SqlContent {
    /// Connects to the database of `DATABASE_URL` and brings its tables up to date.
    pub async fn open(url: &SecretString, patience: Duration, clock: Clock) -> Result<Self, StartError> {
        Ok(Self { store: Store::open(url, SCHEMA, MIGRATIONS, patience).await?, clock })
    }
}

/// Why a transaction is rolled back.
#[derive(Debug)]
enum Abort {
    /// The row is there already, by its key or by its id.
    Exists,
    /// The answer is an error.
    Refused(Error),
}

impl From<diesel::result::Error> for Abort {
    fn from(error: diesel::result::Error) -> Self {
        Self::Refused(StoreError::from(error).into())
    }
}

impl From<StoreError> for Abort {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<Error> for Abort {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
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
        Box::pin(append::append(&self.store, &self.clock, message))
    }

    fn page<'a>(&'a self, page: &'a PageRequest) -> Answer<'a, Messages<Position>> {
        Box::pin(page::page(&self.store, page))
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
        Box::pin(messages::messages(&self.store, owner, after, limit))
    }

    fn replay_branch<'a>(&'a self, key: &'a IdempotencyKey) -> Answer<'a, Option<Node>> {
        Box::pin(look_up::replay(&self.store, key))
    }

    fn check_fork<'a>(&'a self, branch: &'a NewBranch) -> Answer<'a, ()> {
        Box::pin(async { fork::origin(&self.store, branch).await.map(drop) })
    }

    fn fork<'a>(&'a self, branch: &'a NewBranch) -> Answer<'a, Created<Node>> {
        Box::pin(fork::fork(&self.store, &self.clock, branch))
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
        Box::pin(branches::activate(&self.store, owner, chat, branch))
    }

    fn rename<'a>(
        &'a self,
        owner: UserId,
        branch: BranchId,
        name: Option<&'a BranchName>,
    ) -> Answer<'a, Node> {
        Box::pin(branches::rename(&self.store, owner, branch, name))
    }

    fn delete_branch(&self, owner: UserId, branch: BranchId, cascade: bool) -> Answer<'_, ()> {
        Box::pin(delete::delete_branch(&self.store, &self.clock, owner, branch, cascade))
    }

    fn delete_chat(&self, owner: UserId, chat: ChatId) -> Answer<'_, ()> {
        Box::pin(delete::delete_chat(&self.store, &self.clock, owner, chat))
    }

    fn sweep(&self) -> Answer<'_, bool> {
        Box::pin(sweep::sweep(&self.store, &self.clock))
    }
}
