//! The store of messages and branches: an enum that dispatches to the engine that the configuration names.

use super::content_engine::ContentEngine;
use super::mongo::{MongoContent, MongoEngine};
use super::operations::{
    BranchPage, BranchWithActive, Lookup, MessagePage, NewBranch, NewMessage, NewTrunk, PageRequest,
    Position, ResolvedId, TimePosition,
};
use super::sql::{SqlContent, SqlEngine};
use crate::config::Database;
use crate::domain::{Branch, BranchKey, BranchName, Message};
use crate::error::Error;
use shared::clock::Clock;
use shared::error::StartError;
use shared::idempotency::{Created, IdempotencyKey};
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared::tasks::Tasks;
use shared_web::body_limits::MemoryBudget;
use shared_web::metrics::Metrics;
use shared_web::timeouts::ServerTimeouts;

/// A store of messages and branches. Cheap to clone. `ContentEngine` documents its operations, their limits and errors.
#[derive(Debug, Clone)]
pub struct ContentStore(Engine);

#[derive(Debug, Clone)]
enum Engine {
    Mongo(MongoEngine),
    Sql(SqlEngine),
}

impl ContentStore {
    /// Opens the store of a database, on its engine. `memory` bounds the texts of pages in flight.
    pub async fn open(
        database: &Database,
        times: ServerTimeouts,
        clock: Clock,
        tasks: &Tasks,
        memory: MemoryBudget,
    ) -> Result<Self, StartError> {
        Ok(Self(match database {
            Database::Mongo(url) => {
                let content = MongoContent::open(url, clock, tasks, memory).await?;
                Engine::Mongo(MongoEngine::new(content))
            }
            Database::Sql(url) => {
                let content = SqlContent::open(url, times.statement, clock, tasks, memory).await?;
                Engine::Sql(SqlEngine::new(content))
            }
        }))
    }

    /// Registers the gauges of the connection pool.
    pub fn observe(&self, metrics: &Metrics) {
        match &self.0 {
            Engine::Mongo(engine) => engine.observe(metrics),
            Engine::Sql(engine) => engine.observe(metrics),
        }
    }
}

/// Writes the methods of [`ContentStore`], each of which calls that of the engine.
macro_rules! dispatch {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)+) => {
        impl ContentStore {
            $(#[doc = concat!("Calls `ContentEngine::", stringify!($name), "` of the engine.")]
            pub async fn $name(&self, $($argument: $type),*) -> Result<$answer, Error> {
                // Boxed, so that the future of neither engine is a part of every handler's.
                match &self.0 {
                    Engine::Mongo(engine) => Box::pin(ContentEngine::$name(engine, $($argument),*)).await,
                    Engine::Sql(engine) => Box::pin(ContentEngine::$name(engine, $($argument),*)).await,
                }
            })+
        }
    };
}

dispatch! {
    async fn check() -> ();
    async fn look_up(owner: UserId, id: BranchId) -> Lookup;
    async fn resolve(owner: UserId, id: BranchId) -> Lookup<ResolvedId>;
    async fn create_trunk(trunk: NewTrunk) -> ();
    async fn replay_message(key: &IdempotencyKey) -> Option<Message>;
    async fn append(message: &NewMessage) -> Created<Message>;
    async fn read_page(page: &PageRequest) -> MessagePage<Position>;
    async fn read_message(owner: UserId, id: ResponseId) -> Option<Message>;
    async fn list_messages(owner: UserId, after: Option<TimePosition>, limit: usize) -> MessagePage<TimePosition>;
    async fn replay_branch(key: &IdempotencyKey) -> Option<BranchWithActive>;
    async fn check_fork(branch: &NewBranch) -> ();
    async fn fork(branch: &NewBranch) -> Created<BranchWithActive>;
    async fn list_branches(subtree_root: &Branch, after: Option<BranchKey>, limit: usize) -> BranchPage;
    async fn activate(owner: UserId, chat: ChatId, branch: BranchId) -> ();
    async fn rename(owner: UserId, branch: BranchId, name: Option<&BranchName>) -> BranchWithActive;
    async fn delete_branch(owner: UserId, branch: BranchId, cascade: bool) -> ();
    async fn delete_chat(owner: UserId, chat: ChatId) -> ();
    async fn sweep() -> bool;
}
