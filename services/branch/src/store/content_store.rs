//! The store of messages and branches: an enum that dispatches to the engine that the configuration names (enum dispatch).

use super::activity::{Change, ChangePosition, ChangeSource, ReporterLease, TreeActivity};
use super::branching::{ForkWithMessages, NewBranch};
use super::chat_fork::{ChatForkPoint, ChatForkRequest, ForkPointRequest};
use super::mongo::MongoEngine;
use super::positions::TimePosition;
use super::read_message::{FoundMessage, MessageRequest};
use super::requests::{
    AppendRequest, BranchChanges, ForkRequest, LineRequest, ListRequest, MessageTreeRequest, MetadataUpdate,
    NewTrunk, TreeRequest,
};
use super::results::{
    BranchPage, BranchWithActive, Comparison, LinePage, Lookup, MessagePage, MessageTreePage, ResolvedId,
    SweepStep,
};
use super::sql::SqlEngine;
use super::undo::{ChatState, ChatStateChange, DeletedBranchPage, DeletedBranchesRequest, LAST_CHANGE};
use super::version_list::{VersionPage, VersionsOf};
use crate::config::Database;
use crate::domain::Message;
use crate::error::Error;
use shared::clock::Clock;
use shared::error::StartError;
use shared::idempotency::{Created, IdempotencyKey};
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared::tasks::Tasks;
use shared::undo_window::UndoWindow;
use shared_web::body_limits::{MemoryBudget, Reservation};
use shared_web::metrics::Metrics;
use shared_web::timeouts::ServerTimeouts;
use std::collections::HashMap;
use std::sync::Arc;

/// A store of messages and branches. Cheap to clone.
///
/// An operation is whole: the engine chooses how it is atomic. Every change is durable when it is answered, also if the client
/// disconnects meanwhile. An operation that names an owner neither sees nor changes anything of others: what does not exist, is
/// deleted, or is another user's has the same error. Every operation may fail with [`Error::Store`] where the database does.
///
/// The requests have a `target`, the id that the client has sent: a chat's or a branch's. The operation resolves it, and fails with
/// [`Error::ChatNotFound`] where the client cannot see it, and with [`Error::TargetUnknown`] where it is neither here.
#[derive(Debug, Clone)]
pub struct ContentStore {
    engine: Engine,
    clock: Clock,
}

#[derive(Debug, Clone)]
enum Engine {
    Mongo(Arc<MongoEngine>),
    Sql(Arc<SqlEngine>),
}

/// Calls a method of the engine. Boxed, so that the future of neither engine is a part of every handler's.
macro_rules! on_engine {
    ($store:expr, $name:ident($($argument:expr),*)) => {
        match &$store.engine {
            Engine::Mongo(engine) => Box::pin(engine.$name($($argument),*)).await,
            Engine::Sql(engine) => Box::pin(engine.$name($($argument),*)).await,
        }
    };
}

impl ContentStore {
    /// Opens the store of a database, on its engine. `memory` bounds the texts of pages in flight; what is deleted can be restored within
    /// `undo_window`.
    pub async fn open(
        database: &Database,
        times: ServerTimeouts,
        clock: Clock,
        tasks: &Tasks,
        memory: MemoryBudget,
        undo_window: UndoWindow,
    ) -> Result<Self, StartError> {
        let engine = match database {
            Database::Mongo(url) => {
                let engine = MongoEngine::open(url, clock.clone(), tasks, memory, undo_window);
                Engine::Mongo(Arc::new(engine.await?))
            }
            Database::Sql(url) => {
                let engine = SqlEngine::open(url, times.statement, clock.clone(), tasks, memory, undo_window);
                Engine::Sql(Arc::new(engine.await?))
            }
        };
        Ok(Self { engine, clock })
    }

    /// Registers the gauges of the connection pool.
    pub fn observe(&self, metrics: &Metrics) {
        match &self.engine {
            Engine::Mongo(engine) => engine.observe(metrics),
            Engine::Sql(engine) => engine.observe(metrics),
        }
    }

    /// Checks that the database answers.
    pub async fn check(&self) -> Result<(), Error> {
        on_engine!(self, check())
    }

    /// Looks up the branch of an id, with its head. A chat's id is its trunk's.
    pub async fn look_up(&self, owner: UserId, id: BranchId) -> Result<Lookup, Error> {
        on_engine!(self, look_up(owner, id))
    }

    /// Resolves an id as [`Self::look_up`] does, but reads no head.
    pub async fn resolve(&self, owner: UserId, id: BranchId) -> Result<Lookup<ResolvedId>, Error> {
        on_engine!(self, resolve(owner, id))
    }

    /// Creates a trunk, unless its id is known already, be it as a tombstone.
    pub async fn create_trunk(&self, trunk: NewTrunk) -> Result<(), Error> {
        on_engine!(self, create_trunk(trunk))
    }

    /// Reads the message that a request with this key has created; `None` if there was no such request.
    ///
    /// [`Error::KeyReused`] if it was another request; [`Error::MessageNotFound`] if the message is deleted.
    pub async fn replay_message(&self, key: &IdempotencyKey) -> Result<Option<Message>, Error> {
        on_engine!(self, replay_message(key))
    }

    /// Reads the message that was stored under an id that was given out before; `None` if none was.
    ///
    /// [`Error::MessageNotFound`] if it is deleted, or another user's.
    pub(super) async fn replay_answer(
        &self,
        owner: UserId,
        id: ResponseId,
    ) -> Result<Option<Message>, Error> {
        on_engine!(self, replay_answer(owner, id))
    }

    /// Removes what a store of this answer has left that was neither completed nor undone.
    pub(super) async fn discard_answer(&self, owner: UserId, id: ResponseId) -> Result<(), Error> {
        match &self.engine {
            Engine::Mongo(engine) => engine.discard_answer(owner, id).await,
            // A transaction leaves nothing.
            Engine::Sql(_) => Ok(()),
        }
    }

    /// Appends a message to a line. [`Error::HeadMoved`] if the head is not the expected one.
    pub(super) async fn append_to_line(
        &self,
        request: Arc<AppendRequest>,
    ) -> Result<Created<Message>, Error> {
        on_engine!(self, append(request))
    }

    /// Forks a branch with messages on it, all or nothing. `None` if a request with the same key has, which can be replayed then.
    ///
    /// The errors of [`Self::check_fork`]; [`Error::KeyReused`].
    pub(super) async fn fork_with_messages(
        &self,
        request: Arc<ForkWithMessages>,
    ) -> Result<Option<NewBranch>, Error> {
        on_engine!(self, fork_with_messages(request))
    }

    /// Reads a page of a line: at most `limit` messages and [`MAX_PAGE_BYTES`](crate::domain::MAX_PAGE_BYTES) of texts, but
    /// one message at least.
    ///
    /// [`Error::BranchNotFound`]; [`Error::BadCursor`] if `start` is not on the line; [`Error::OutOfMemory`] if the texts exceed
    /// what is left of the memory budget.
    pub async fn read_page(&self, request: &LineRequest) -> Result<LinePage, Error> {
        on_engine!(self, read_page(request))
    }

    /// Reads one message; `None` if its owner does not read it there.
    ///
    /// [`Error::ChatNotFound`]; [`Error::TargetUnknown`] if the reading chat is not known here.
    pub async fn read_message(&self, request: MessageRequest) -> Result<Option<Message>, Error> {
        on_engine!(self, read_message(request))
    }

    /// Finds one message as [`Self::read_message`] does, without its texts. `None` also if no reading chat is named, and its own is
    /// deleted.
    pub(super) async fn find_message(&self, request: MessageRequest) -> Result<Option<FoundMessage>, Error> {
        on_engine!(self, find_message(request))
    }

    /// Those of these messages whose branch and chat are alive, whosever they are.
    pub async fn living_messages(&self, ids: &[ResponseId]) -> Result<Vec<ResponseId>, Error> {
        on_engine!(self, living_messages(ids))
    }

    /// Replaces the metadata of a message, and returns the message as it is read in the reading chat.
    ///
    /// [`Error::MessageNotFound`]; the errors of [`Self::read_message`].
    pub async fn update_metadata(&self, update: &MetadataUpdate) -> Result<Message, Error> {
        on_engine!(self, update_metadata(update))
    }

    /// Lists all messages of a chat after a position, branch by branch, without their texts. A page may be short, or empty, and
    /// not be the last. The chat of the target is meant, also if that is a branch.
    pub async fn list_message_tree(&self, request: &MessageTreeRequest) -> Result<MessageTreePage, Error> {
        on_engine!(self, list_message_tree(request))
    }

    /// Reads messages of a user to copy them, each once, and reserves memory for their texts.
    ///
    /// [`Error::MessageNotFound`] if one is not there; [`Error::TextsTooLarge`]; [`Error::OutOfMemory`].
    pub(super) async fn read_sources(
        &self,
        owner: UserId,
        ids: Arc<[ResponseId]>,
    ) -> Result<(Vec<Message>, Reservation), Error> {
        on_engine!(self, read_sources(owner, ids))
    }

    /// Lists versions after a position, as [`Self::list_versions`] does.
    pub(super) async fn list_versions_of(
        &self,
        of: VersionsOf,
        after: Option<TimePosition>,
        limit: usize,
    ) -> Result<VersionPage, Error> {
        on_engine!(self, list_versions(of, after, limit))
    }

    /// Lists the messages of a user, or of one of the chats, after a position, by time, within the limits of [`Self::read_page`].
    /// A page may be short, or empty, and not be the last.
    ///
    /// [`Error::OutOfMemory`] if the texts exceed what is left of the memory budget.
    pub async fn list_messages(&self, request: &ListRequest) -> Result<MessagePage<TimePosition>, Error> {
        on_engine!(self, list_messages(request))
    }

    /// Reads the branch that a request with this key has created; `None` if there was no such request.
    ///
    /// [`Error::KeyReused`] if it was another request; [`Error::BranchNotFound`] if the branch is deleted.
    pub async fn replay_branch(&self, key: &IdempotencyKey) -> Result<Option<BranchWithActive>, Error> {
        on_engine!(self, replay_branch(key))
    }

    /// Checks that the message of a fork lies on the named line.
    ///
    /// [`Error::MessageNotFound`] if it does not; [`Error::BranchNotFound`] if there is no such line.
    pub async fn check_fork(&self, request: &ForkRequest) -> Result<(), Error> {
        on_engine!(self, check_fork(request))
    }

    /// Forks a branch, and makes it the active one if asked to. It costs the same however long the line is. An equal request
    /// with the same key is replayed.
    ///
    /// The errors of [`Self::check_fork`] and [`Self::replay_branch`]; [`Error::IdTaken`] if the chosen id is another branch's, or
    /// was within a day.
    pub async fn fork(&self, request: &ForkRequest) -> Result<Created<BranchWithActive>, Error> {
        on_engine!(self, fork(request))
    }

    /// Lists a branch and its descendants after a key, parents first, at most `limit`; beside them the ids of its children,
    /// 10,000 at most, whatever the filter. For a chat, all branches. With a filter a page may be short, or empty, and not be the last.
    pub async fn list_branches(&self, request: &TreeRequest) -> Result<BranchPage, Error> {
        on_engine!(self, list_branches(request))
    }

    /// The branches that a deletion of each of these chats takes, the trunk included, whether it has been deleted or not. What its owner has
    /// deleted before does not count. Chats that are not known are left out.
    pub async fn count_branches(
        &self,
        owner: UserId,
        chats: &[ChatId],
    ) -> Result<HashMap<ChatId, i64>, Error> {
        on_engine!(self, count_branches(owner, chats))
    }

    /// Finds the point from which a chat forks.
    ///
    /// [`Error::BranchNotFound`]; [`Error::MessageNotFound`] if the message is not on the line of the named branch, or without one
    /// is not read in the chat.
    pub async fn find_fork_point(&self, request: &ForkPointRequest) -> Result<ChatForkPoint, Error> {
        on_engine!(self, find_fork_point(request))
    }

    /// Creates the trunk of a chat that begins with the line up to a message, by reference: it costs the same however long that is. What it
    /// stands on is kept as long as it can be read here, also if it is deleted in its own chat. Idempotent.
    ///
    /// [`Error::ChatNotFound`] if the source is gone; [`Error::MessageNotFound`] if the message is not read there.
    pub async fn fork_chat(&self, request: &ChatForkRequest) -> Result<(), Error> {
        on_engine!(self, fork_chat(request))
    }

    /// Compares the lines of two branches of any chats. It costs the same however long they are.
    ///
    /// [`Error::BranchNotFound`]; [`Error::TargetUnknown`] if one of them is not known here.
    pub async fn compare(&self, owner: UserId, left: BranchId, right: BranchId) -> Result<Comparison, Error> {
        on_engine!(self, compare(owner, left, right))
    }

    /// Makes a branch the active one of the chat of the target, and returns the chat.
    ///
    /// [`Error::BranchNotFound`] if the chat has no such branch.
    pub async fn activate(&self, owner: UserId, target: BranchId, branch: BranchId) -> Result<ChatId, Error> {
        on_engine!(self, activate(owner, target, branch))
    }

    /// Changes a branch, and returns it.
    ///
    /// [`Error::BranchNotFound`].
    pub async fn update_branch(
        &self,
        owner: UserId,
        branch: BranchId,
        changes: &BranchChanges,
    ) -> Result<BranchWithActive, Error> {
        on_engine!(self, update_branch(owner, branch, changes))
    }

    /// Deletes a branch, with `cascade` its descendants, too. They are invisible at once. Once the window to undo it is over, the
    /// sweep deletes the contents.
    ///
    /// [`Error::BranchNotFound`]; [`Error::IsTrunk`]; [`Error::HasDescendants`] without `cascade`.
    pub async fn delete_branch(&self, owner: UserId, branch: BranchId, cascade: bool) -> Result<(), Error> {
        on_engine!(self, delete_branch(owner, branch, cascade))
    }

    /// Deletes a branch as [`Self::delete_branch`] does, or one that is deleted already, and what was deleted below it: for good.
    ///
    /// The same errors; [`Error::BranchNotFound`] also if it can be restored no longer.
    pub async fn destroy_branch(&self, owner: UserId, branch: BranchId, cascade: bool) -> Result<(), Error> {
        on_engine!(self, destroy_branch(owner, branch, cascade))
    }

    /// Restores a branch with all that the request has deleted that named it, and returns it; also if it is not deleted.
    ///
    /// [`Error::BranchNotFound`] if it can be restored no longer; [`Error::ParentDeleted`]; [`Error::TargetUnknown`].
    pub async fn restore_branch(&self, owner: UserId, branch: BranchId) -> Result<BranchWithActive, Error> {
        on_engine!(self, restore_branch(owner, branch))
    }

    /// Lists what can be restored in a chat.
    pub async fn list_deleted_branches(
        &self,
        request: &DeletedBranchesRequest,
    ) -> Result<DeletedBranchPage, Error> {
        on_engine!(self, list_deleted_branches(request))
    }

    /// Deletes a chat with all that is in it for good, also one that is not known here. It is invisible at once; the sweep deletes the
    /// contents.
    pub async fn delete_chat(&self, owner: UserId, chat: ChatId) -> Result<(), Error> {
        let (created_at, state) = (self.clock.now(), ChatState::Destroyed);
        self.set_chat_state(ChatStateChange { chat, owner, created_at, state, number: LAST_CHANGE }).await
    }

    /// Changes the state of a chat, also of one that is not known here, unless a change with this number or a higher one came before.
    /// Those that are destroyed stay so.
    pub async fn set_chat_state(&self, change: ChatStateChange) -> Result<(), Error> {
        on_engine!(self, set_chat_state(change))
    }

    /// Reads who reports activity to the chat service; `None` if nobody ever did.
    pub(crate) async fn reporter_lease(&self) -> Result<Option<ReporterLease>, Error> {
        on_engine!(self, reporter_lease())
    }

    /// Replaces the lease of that version (compare and swap). False if there is another meanwhile.
    pub(crate) async fn swap_reporter_lease(
        &self,
        expected: Option<i64>,
        lease: ReporterLease,
    ) -> Result<bool, Error> {
        on_engine!(self, swap_reporter_lease(expected, lease))
    }

    /// Lists changes after a position, by time, at most `limit`: fewer only at the end.
    pub(crate) async fn list_changes(
        &self,
        source: ChangeSource,
        after: ChangePosition,
        limit: usize,
    ) -> Result<Vec<Change>, Error> {
        on_engine!(self, list_changes(source, after, limit))
    }

    /// Reads the activity of chats from all of their branches. Those that are deleted are left out.
    pub(crate) async fn tree_activity(&self, chats: &[ChatId]) -> Result<Vec<TreeActivity>, Error> {
        on_engine!(self, tree_activity(chats))
    }

    /// Reads the active branches of chats. Those that are deleted are left out.
    pub(crate) async fn active_branches(&self, chats: &[ChatId]) -> Result<Vec<(ChatId, BranchId)>, Error> {
        on_engine!(self, active_branches(chats))
    }

    /// Takes the next step of the sweep, of some 200 rows or documents.
    pub async fn sweep(&self) -> Result<SweepStep, Error> {
        on_engine!(self, sweep())
    }
}
