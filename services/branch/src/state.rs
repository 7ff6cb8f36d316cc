//! The state that handlers share.

use crate::clients::Chats;
use crate::error::Error;
use crate::store::{BranchWithActive, ContentStore, Lookup, NewTrunk, ResolvedId};
use crate::sweeper::Sweeper;
use shared::ids::{BranchId, ChatId, UserId};
use shared_web::telemetry::Trace;

/// The state that handlers share.
pub struct State {
    /// Messages and branches.
    pub store: ContentStore,
    /// The chat service.
    pub chats: Chats,
    /// The sweep.
    pub sweeper: Sweeper,
}

impl State {
    /// Runs an operation of the store on `target`.
    ///
    /// For a target that is unknown the chat service is called. If it is a chat of this owner, its trunk is created, so that the call
    /// is not repeated, and the operation runs again.
    pub async fn with_trunk<T>(
        &self,
        owner: UserId,
        target: BranchId,
        trace: &Trace,
        operation: impl AsyncFn() -> Result<T, Error>,
    ) -> Result<T, Error> {
        match operation().await {
            Err(Error::TargetUnknown) => {}
            done => return done,
        }
        let chat = ChatId::from(target.as_uuid());
        let known = self.chats.get(chat, trace).await?;
        let known = known.filter(|known| known.account_id == owner && !known.deleted);
        let created_at = known.ok_or(Error::ChatNotFound)?.created_at;
        self.store.create_trunk(NewTrunk { chat, owner, created_at }).await?;
        operation().await
    }

    /// Runs an operation of the store on a message as [`Self::with_trunk`] does, in the chat in which it is read, if one is named.
    pub async fn in_reading_chat<T>(
        &self,
        owner: UserId,
        reading_chat: Option<BranchId>,
        trace: &Trace,
        operation: impl AsyncFn() -> Result<T, Error>,
    ) -> Result<T, Error> {
        match reading_chat {
            Some(chat) => self.with_trunk(owner, chat, trace, operation).await,
            None => operation().await,
        }
    }

    /// Resolves the `branch_id` of a request, which may be a chat's id. [`Error::BranchNotFound`] if it is neither's.
    pub async fn resolve_branch(
        &self,
        owner: UserId,
        id: BranchId,
        trace: &Trace,
    ) -> Result<ResolvedId, Error> {
        let resolve = async || self.store.resolve(owner, id).await?.require();
        self.with_trunk(owner, id, trace, resolve).await.map_err(as_branch)
    }

    /// Looks up the branch of a request as [`Self::resolve_branch`] does, with its head.
    pub async fn look_up_branch(
        &self,
        owner: UserId,
        id: BranchId,
        trace: &Trace,
    ) -> Result<BranchWithActive, Error> {
        let look_up = async || self.store.look_up(owner, id).await?.require();
        self.with_trunk(owner, id, trace, look_up).await.map_err(as_branch)
    }

    /// Whether a branch or chat has this id, of any owner, also a deleted one. The chat service is called for an unknown id.
    pub async fn id_exists(&self, owner: UserId, id: BranchId, trace: &Trace) -> Result<bool, Error> {
        match self.store.look_up(owner, id).await? {
            Lookup::Found(_) | Lookup::Hidden => Ok(true),
            Lookup::Unknown => Ok(self.chats.get(ChatId::from(id.as_uuid()), trace).await?.is_some()),
        }
    }
}

/// The error of a request that names a branch where others name a chat.
pub fn as_branch(error: Error) -> Error {
    match error {
        Error::ChatNotFound | Error::TargetUnknown => Error::BranchNotFound,
        other => other,
    }
}
