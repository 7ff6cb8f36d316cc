//! The contract of a store engine.

use super::operations::{
    BranchPage, BranchWithActive, Lookup, MessagePage, NewBranch, NewMessage, NewTrunk, PageRequest,
    Position, ResolvedId, TimePosition,
};
use crate::domain::{Branch, BranchKey, BranchName, Message};
use crate::error::Error;
use shared::idempotency::{Created, IdempotencyKey};
use shared::ids::{BranchId, ChatId, ResponseId, UserId};

/// The operations of a store of messages and branches, which each engine implements.
///
/// An operation is whole: the engine chooses how it is atomic. Every change is durable when it is answered, also if the client
/// disconnects meanwhile. An operation that names an owner neither sees nor changes anything of others: what does not exist, is
/// deleted, or is another user's has the same error. Every operation may fail with [`Error::Store`] where the database does.
pub(crate) trait ContentEngine: Send + Sync {
    /// Checks that the database answers.
    fn check(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Looks up the branch of an id, with its head. A chat's id is its trunk's.
    fn look_up(&self, owner: UserId, id: BranchId) -> impl Future<Output = Result<Lookup, Error>> + Send;

    /// Resolves an id as [`Self::look_up`] does, but reads no head.
    fn resolve(
        &self,
        owner: UserId,
        id: BranchId,
    ) -> impl Future<Output = Result<Lookup<ResolvedId>, Error>> + Send;

    /// Creates a trunk, unless its id is known already, be it as a tombstone.
    fn create_trunk(&self, trunk: NewTrunk) -> impl Future<Output = Result<(), Error>> + Send;

    /// Reads the message that a request with this key has created; `None` if there was no such request.
    ///
    /// [`Error::KeyReused`] if it was another request; [`Error::MessageNotFound`] if the message is deleted.
    fn replay_message(
        &self,
        key: &IdempotencyKey,
    ) -> impl Future<Output = Result<Option<Message>, Error>> + Send;

    /// Appends a message to a line, at the depth after its head and at a later time. An equal request with the same key is
    /// replayed.
    ///
    /// [`Error::BranchNotFound`], [`Error::ChatNotFound`]; [`Error::HeadMoved`] if the head is not the expected one; the errors of
    /// [`Self::replay_message`].
    fn append(&self, message: &NewMessage) -> impl Future<Output = Result<Created<Message>, Error>> + Send;

    /// Reads a page of a line: at most `page.limit` messages and [`MAX_PAGE_BYTES`](crate::domain::MAX_PAGE_BYTES) of texts, but
    /// one message at least.
    ///
    /// [`Error::BranchNotFound`], [`Error::ChatNotFound`]; [`Error::BadCursor`] if `page.start` is not on the line;
    /// [`Error::OutOfMemory`] if the texts exceed what is left of the memory budget.
    fn read_page(
        &self,
        page: &PageRequest,
    ) -> impl Future<Output = Result<MessagePage<Position>, Error>> + Send;

    /// Reads one message; `None` if this owner has no such message.
    fn read_message(
        &self,
        owner: UserId,
        id: ResponseId,
    ) -> impl Future<Output = Result<Option<Message>, Error>> + Send;

    /// Lists the messages of a user after a position, newest first, within the limits of [`Self::read_page`]. A page may be
    /// short, or empty, and not be the last.
    ///
    /// [`Error::OutOfMemory`] if the texts exceed what is left of the memory budget.
    fn list_messages(
        &self,
        owner: UserId,
        after: Option<TimePosition>,
        limit: usize,
    ) -> impl Future<Output = Result<MessagePage<TimePosition>, Error>> + Send;

    /// Reads the branch that a request with this key has created; `None` if there was no such request.
    ///
    /// [`Error::KeyReused`] if it was another request; [`Error::BranchNotFound`] if the branch is deleted.
    fn replay_branch(
        &self,
        key: &IdempotencyKey,
    ) -> impl Future<Output = Result<Option<BranchWithActive>, Error>> + Send;

    /// Checks that the message of a fork lies on the named line.
    ///
    /// [`Error::MessageNotFound`] if it does not; [`Error::BranchNotFound`] if there is no such line.
    fn check_fork(&self, branch: &NewBranch) -> impl Future<Output = Result<(), Error>> + Send;

    /// Forks a branch, and makes it the active one if asked to. It costs the same however long the line is. An equal request
    /// with the same key is replayed.
    ///
    /// The errors of [`Self::check_fork`] and [`Self::replay_branch`]; [`Error::ChatNotFound`]; [`Error::IdTaken`] if the chosen
    /// id is another branch's, or was within a day.
    fn fork(
        &self,
        branch: &NewBranch,
    ) -> impl Future<Output = Result<Created<BranchWithActive>, Error>> + Send;

    /// Lists a branch and its descendants after a key, parents first, at most `limit`; beside them the ids of its children,
    /// 10,000 at most.
    fn list_branches(
        &self,
        subtree_root: &Branch,
        after: Option<BranchKey>,
        limit: usize,
    ) -> impl Future<Output = Result<BranchPage, Error>> + Send;

    /// Makes a branch the active one of its chat.
    ///
    /// [`Error::ChatNotFound`]; [`Error::BranchNotFound`] if the chat has no such branch.
    fn activate(
        &self,
        owner: UserId,
        chat: ChatId,
        branch: BranchId,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Sets the name of a branch, or removes it.
    ///
    /// [`Error::BranchNotFound`].
    fn rename(
        &self,
        owner: UserId,
        branch: BranchId,
        name: Option<&BranchName>,
    ) -> impl Future<Output = Result<BranchWithActive, Error>> + Send;

    /// Deletes a branch, with `cascade` its descendants, too. They are invisible at once; the sweep deletes the contents.
    ///
    /// [`Error::BranchNotFound`]; [`Error::IsTrunk`]; [`Error::HasDescendants`] without `cascade`.
    fn delete_branch(
        &self,
        owner: UserId,
        branch: BranchId,
        cascade: bool,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Deletes a chat with all that is in it, also one that is not known here. It is invisible at once; the sweep deletes the
    /// contents.
    fn delete_chat(&self, owner: UserId, chat: ChatId) -> impl Future<Output = Result<(), Error>> + Send;

    /// Takes the next step of the sweep, of some 200 rows or documents. False if nothing is due.
    fn sweep(&self) -> impl Future<Output = Result<bool, Error>> + Send;
}
