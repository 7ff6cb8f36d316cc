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
    /// Looks up an id in the database.
    ///
    /// For an unknown id the chat service is called. If the id is that of a chat of this owner, its trunk is created, so that the
    /// call is not repeated.
    async fn find_or_create_trunk<T>(
        &self,
        owner: UserId,
        id: BranchId,
        trace: &Trace,
        look_up: impl AsyncFn() -> Result<Lookup<T>, Error>,
    ) -> Result<Option<T>, Error> {
        match look_up().await? {
            Lookup::Found(found) => return Ok(Some(*found)),
            Lookup::Hidden => return Ok(None),
            Lookup::Unknown => {}
        }
        let chat = ChatId::from(id.as_uuid());
        let known = self.chats.get(chat, trace).await?;
        let Some(known) = known.filter(|known| known.account_id == owner && !known.deleted) else {
            return Ok(None);
        };
        self.store.create_trunk(NewTrunk { chat, owner, created_at: known.created_at }).await?;
        match look_up().await? {
            Lookup::Found(found) => Ok(Some(*found)),
            Lookup::Hidden | Lookup::Unknown => Ok(None),
        }
    }

    /// Reads the branch of an id, with its head; for a chat's id, the trunk. [`Error::ChatNotFound`] if there is none.
    pub async fn look_up_or_create_trunk(
        &self,
        owner: UserId,
        id: BranchId,
        trace: &Trace,
    ) -> Result<BranchWithActive, Error> {
        let found = self.find_or_create_trunk(owner, id, trace, || self.store.look_up(owner, id)).await?;
        found.ok_or(Error::ChatNotFound)
    }

    /// Resolves the `chat_id` of a request, where older clients send a branch's id. [`Error::ChatNotFound`] if it is neither's.
    pub async fn resolve_chat_or_create_trunk(
        &self,
        owner: UserId,
        id: BranchId,
        trace: &Trace,
    ) -> Result<ResolvedId, Error> {
        let found = self.find_or_create_trunk(owner, id, trace, || self.store.resolve(owner, id)).await?;
        found.ok_or(Error::ChatNotFound)
    }

    /// Resolves the `branch_id` of a request, which may be a chat's id. [`Error::BranchNotFound`] if it is neither's.
    pub async fn resolve_branch_or_create_trunk(
        &self,
        owner: UserId,
        id: BranchId,
        trace: &Trace,
    ) -> Result<ResolvedId, Error> {
        let found = self.find_or_create_trunk(owner, id, trace, || self.store.resolve(owner, id)).await?;
        found.ok_or(Error::BranchNotFound)
    }

    /// Whether a branch or chat has this id, of any owner, also a deleted one. The chat service is called for an unknown id.
    pub async fn id_exists(&self, owner: UserId, id: BranchId, trace: &Trace) -> Result<bool, Error> {
        match self.store.look_up(owner, id).await? {
            Lookup::Found(_) | Lookup::Hidden => Ok(true),
            Lookup::Unknown => Ok(self.chats.get(ChatId::from(id.as_uuid()), trace).await?.is_some()),
        }
    }
}
