//! The store of messages and branches, on the engine that the configuration names.

use super::mongo::MongoContent;
use super::operations::{
    BranchPage, BranchWithActive, Lookup, MessagePage, NewBranch, NewMessage, NewTrunk, PageRequest,
    Position, ResolvedId, TimePosition,
};
use super::sql::SqlContent;
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
use std::sync::Arc;

/// A store of messages and branches. Cheap to clone.
///
/// Every change is durable when it is answered. An operation that names an owner neither sees nor changes anything of others.
#[derive(Debug, Clone)]
pub struct ContentStore(Engine);

#[derive(Debug, Clone)]
enum Engine {
    Mongo(Arc<MongoContent>),
    Sql(Arc<SqlContent>),
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
                Engine::Mongo(Arc::new(MongoContent::open(url, clock, tasks, memory).await?))
            }
            Database::Sql(url) => {
                let content = SqlContent::open(url, times.statement, clock, tasks, memory).await?;
                Engine::Sql(Arc::new(content))
            }
        }))
    }

    /// Registers the gauges of the connection pool.
    pub fn observe(&self, metrics: &Metrics) {
        match &self.0 {
            Engine::Mongo(mongo) => mongo.observe(metrics),
            Engine::Sql(sql) => sql.observe(metrics),
        }
    }
}

/// Writes the dispatch of operations that both engines have.
macro_rules! operations {
    ($($(#[$doc:meta])* async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)+) => {
        impl ContentStore {
            $($(#[$doc])*
            pub async fn $name(&self, $($argument: $type),*) -> Result<$answer, Error> {
                // Boxed, lest the future of either engine be a part of every handler's.
                match &self.0 {
                    Engine::Mongo(mongo) => Box::pin(mongo.$name($($argument),*)).await,
                    Engine::Sql(sql) => Box::pin(sql.$name($($argument),*)).await,
                }
            })+
        }
    };
}

operations! {
    /// Checks that the store can be used.
    async fn check() -> ();

    /// Looks up an id.
    async fn look_up(owner: UserId, id: BranchId) -> Lookup;

    /// Looks up an id without its head.
    async fn resolve(owner: UserId, id: BranchId) -> Lookup<ResolvedId>;

    /// Creates a trunk, unless its id is known already, be it as a tombstone.
    async fn create_trunk(trunk: NewTrunk) -> ();

    /// The message that a request with this key has created. [`Error::KeyReused`] if that was another request,
    /// [`Error::MessageNotFound`] if the message is deleted.
    async fn replay_message(key: &IdempotencyKey) -> Option<Message>;

    /// Appends a message to a line, at the depth after its head.
    async fn append(message: &NewMessage) -> Created<Message>;

    /// Reads a page of a line.
    async fn read_page(page: &PageRequest) -> MessagePage<Position>;

    /// Reads one message.
    async fn read_message(owner: UserId, id: ResponseId) -> Option<Message>;

    /// Reads a page of all messages of a user, newest first. It may be short and yet not be the last.
    async fn list_messages(owner: UserId, after: Option<TimePosition>, limit: usize) -> MessagePage<TimePosition>;

    /// The branch that a request with this key has created. [`Error::KeyReused`] if that was another request,
    /// [`Error::BranchNotFound`] if the branch is deleted.
    async fn replay_branch(key: &IdempotencyKey) -> Option<BranchWithActive>;

    /// Checks that the message of a fork lies on the named line.
    async fn check_fork(branch: &NewBranch) -> ();

    /// Forks a branch.
    async fn fork(branch: &NewBranch) -> Created<BranchWithActive>;

    /// Reads a page of a node and all branches below it, after `after`.
    async fn list_branches(subtree_root: &Branch, after: Option<BranchKey>, limit: usize) -> BranchPage;

    /// Makes a branch the active one of its chat.
    async fn activate(owner: UserId, chat: ChatId, branch: BranchId) -> ();

    /// Changes the name of a branch.
    async fn rename(owner: UserId, branch: BranchId, name: Option<&BranchName>) -> BranchWithActive;

    /// Deletes a branch that is no trunk, with all its descendants or only if it has none.
    async fn delete_branch(owner: UserId, branch: BranchId, cascade: bool) -> ();

    /// Hides a chat with all that is in it, also one that is not known here. [`Self::sweep`] removes its contents.
    async fn delete_chat(owner: UserId, chat: ChatId) -> ();

    /// Takes the next small step of the sweep. False if nothing is due.
    async fn sweep() -> bool;
}
