//! Where messages and branches are kept.
//!
//! [`ContentStore`] is the one storage trait of the house, because the engines really differ. Its methods are whole
//! operations: each engine chooses how it makes them atomic. What is not there, hidden or another user's is one and
//! the same to them.

mod lines;
pub mod mongo;
mod operations;
mod place;
mod selection;
pub mod sql;

pub use operations::{
    Branches, Lookup, Messages, NewBranch, NewMessage, NewTrunk, Node, PageRequest, Position, Target,
    TimePlace,
};

use crate::domain::{Branch, BranchKey, BranchName, Message};
use crate::error::Error;
use futures_util::future::BoxFuture;
use shared::idempotency::{Created, IdempotencyKey};
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared::metrics::Metrics;

/// What a method of [`ContentStore`] answers.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Error>>;

/// The bytes of so many texts together.
fn text_bytes(sizes: impl Iterator<Item = i64>) -> usize {
    usize::try_from(sizes.sum::<i64>()).unwrap_or_default()
}

/// A store of messages and branches.
///
/// Every change is durable when it is answered. Where a method names an owner, nothing of others is seen or changed.
pub trait ContentStore: Send + Sync {
    /// Says whether the store can be used.
    fn check(&self) -> Answer<'_, ()>;

    /// Shows the connections to the database.
    fn observe(&self, metrics: &Metrics);

    /// Looks up an id.
    fn look_up(&self, owner: UserId, id: BranchId) -> Answer<'_, Lookup>;

    /// Looks up an id without its head.
    fn locate(&self, owner: UserId, id: BranchId) -> Answer<'_, Lookup<Target>> {
        Box::pin(async move {
            Ok(match self.look_up(owner, id).await? {
                Lookup::Found(node) => Lookup::Found(Box::new(Target::from(&*node))),
                Lookup::Hidden => Lookup::Hidden,
                Lookup::Unknown => Lookup::Unknown,
            })
        })
    }

    /// Makes a trunk, unless its id is known already, as a tombstone at least.
    fn plant(&self, trunk: NewTrunk) -> Answer<'_, ()>;

    /// The message that a request with this key has made. [`Error::KeyReused`] if that was another request,
    /// [`Error::MessageNotFound`] if the message is gone.
    fn replay_message<'a>(&'a self, key: &'a IdempotencyKey) -> Answer<'a, Option<Message>>;

    /// Appends a message to a line, at the depth after its head.
    fn append<'a>(&'a self, message: &'a NewMessage) -> Answer<'a, Created<Message>>;

    /// Reads a page of a line.
    fn page<'a>(&'a self, page: &'a PageRequest) -> Answer<'a, Messages<Position>>;

    /// Reads one message.
    fn message(&self, owner: UserId, id: ResponseId) -> Answer<'_, Option<Message>>;

    /// Reads a page of all messages of a user, newest first. It may be short and yet not be the last.
    fn messages(
        &self,
        owner: UserId,
        after: Option<TimePlace>,
        limit: usize,
    ) -> Answer<'_, Messages<TimePlace>>;

    /// The branch that a request with this key has made. [`Error::KeyReused`] if that was another request,
    /// [`Error::BranchNotFound`] if the branch is gone.
    fn replay_branch<'a>(&'a self, key: &'a IdempotencyKey) -> Answer<'a, Option<Node>>;

    /// Says whether the message of a fork lies where it must.
    fn check_fork<'a>(&'a self, branch: &'a NewBranch) -> Answer<'a, ()>;

    /// Forks a branch.
    fn fork<'a>(&'a self, branch: &'a NewBranch) -> Answer<'a, Created<Node>>;

    /// Reads a page of a node and all branches below it, after `after`.
    fn branches<'a>(
        &'a self,
        node: &'a Branch,
        after: Option<BranchKey>,
        limit: usize,
    ) -> Answer<'a, Branches>;

    /// Makes a branch the active one of its chat.
    fn activate(&self, owner: UserId, chat: ChatId, branch: BranchId) -> Answer<'_, ()>;

    /// Changes the name of a branch.
    fn rename<'a>(
        &'a self,
        owner: UserId,
        branch: BranchId,
        name: Option<&'a BranchName>,
    ) -> Answer<'a, Node>;

    /// Deletes a branch that is no trunk, with all its descendants or only if it has none.
    fn delete_branch(&self, owner: UserId, branch: BranchId, cascade: bool) -> Answer<'_, ()>;

    /// Hides a chat with all that is in it, whether it was heard of or not. What is there goes with [`Self::sweep`].
    fn delete_chat(&self, owner: UserId, chat: ChatId) -> Answer<'_, ()>;

    /// Takes the next small step of clearing away what was deleted; false if there is nothing left to do now.
    fn sweep(&self) -> Answer<'_, bool>;
}
