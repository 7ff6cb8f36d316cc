//! The engine on MongoDB.

use crate::domain::{Branch, BranchKey, BranchName, Message};
use crate::error::Error;
use crate::store::content_engine::ContentEngine;
use crate::store::mongo::content::MongoContent;
use crate::store::{
    BranchPage, BranchWithActive, Lookup, MessagePage, NewBranch, NewMessage, NewTrunk, PageRequest,
    Position, ResolvedId, TimePosition,
};
use shared::idempotency::{Created, IdempotencyKey};
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared_web::metrics::Metrics;
use std::sync::Arc;

/// The engine on MongoDB. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct MongoEngine(Arc<MongoContent>);

impl MongoEngine {
    /// Makes an engine of opened content.
    pub(crate) fn new(content: MongoContent) -> Self {
        Self(Arc::new(content))
    }

    /// Registers the gauges of the connection pool.
    pub(crate) fn observe(&self, metrics: &Metrics) {
        self.0.observe(metrics);
    }
}

impl ContentEngine for MongoEngine {
    async fn check(&self) -> Result<(), Error> {
        self.0.check().await
    }

    async fn look_up(&self, owner: UserId, id: BranchId) -> Result<Lookup, Error> {
        self.0.look_up(owner, id).await
    }

    async fn resolve(&self, owner: UserId, id: BranchId) -> Result<Lookup<ResolvedId>, Error> {
        self.0.resolve(owner, id).await
    }

    async fn create_trunk(&self, trunk: NewTrunk) -> Result<(), Error> {
        self.0.create_trunk(trunk).await
    }

    async fn replay_message(&self, key: &IdempotencyKey) -> Result<Option<Message>, Error> {
        self.0.replay_message(key).await
    }

    async fn append(&self, message: &NewMessage) -> Result<Created<Message>, Error> {
        self.0.append(message).await
    }

    async fn read_page(&self, page: &PageRequest) -> Result<MessagePage<Position>, Error> {
        self.0.read_page(page).await
    }

    async fn read_message(&self, owner: UserId, id: ResponseId) -> Result<Option<Message>, Error> {
        self.0.read_message(owner, id).await
    }

    async fn list_messages(
        &self,
        owner: UserId,
        after: Option<TimePosition>,
        limit: usize,
    ) -> Result<MessagePage<TimePosition>, Error> {
        self.0.list_messages(owner, after, limit).await
    }

    async fn replay_branch(&self, key: &IdempotencyKey) -> Result<Option<BranchWithActive>, Error> {
        self.0.replay_branch(key).await
    }

    async fn check_fork(&self, branch: &NewBranch) -> Result<(), Error> {
        self.0.check_fork(branch).await
    }

    async fn fork(&self, branch: &NewBranch) -> Result<Created<BranchWithActive>, Error> {
        self.0.fork(branch).await
    }

    async fn list_branches(
        &self,
        subtree_root: &Branch,
        after: Option<BranchKey>,
        limit: usize,
    ) -> Result<BranchPage, Error> {
        self.0.list_branches(subtree_root, after, limit).await
    }

    async fn activate(&self, owner: UserId, chat: ChatId, branch: BranchId) -> Result<(), Error> {
        self.0.activate(owner, chat, branch).await
    }

    async fn rename(
        &self,
        owner: UserId,
        branch: BranchId,
        name: Option<&BranchName>,
    ) -> Result<BranchWithActive, Error> {
        self.0.rename(owner, branch, name).await
    }

    async fn delete_branch(&self, owner: UserId, branch: BranchId, cascade: bool) -> Result<(), Error> {
        self.0.delete_branch(owner, branch, cascade).await
    }

    async fn delete_chat(&self, owner: UserId, chat: ChatId) -> Result<(), Error> {
        self.0.delete_chat(owner, chat).await
    }

    async fn sweep(&self) -> Result<bool, Error> {
        self.0.sweep().await
    }
}
