//! The state that handlers share.

use crate::clients::Chats;
use crate::error::Error;
use crate::store::{ContentStore, Lookup, NewTrunk, Node, Target};
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
    /// Looks up an id.
    ///
    /// For an unknown id the chat service is asked. If it is a chat's, its trunk is created, so that the question is not
    /// repeated.
    async fn find<T>(
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

    /// The chat or the branch of this id, as a branch.
    pub async fn node(&self, owner: UserId, id: BranchId, trace: &Trace) -> Result<Node, Error> {
        let found = self.find(owner, id, trace, || self.store.look_up(owner, id)).await?;
        found.ok_or(Error::ChatNotFound)
    }

    /// The target of an id that should be a chat's.
    pub async fn chat(&self, owner: UserId, id: BranchId, trace: &Trace) -> Result<Target, Error> {
        let found = self.find(owner, id, trace, || self.store.locate(owner, id)).await?;
        found.ok_or(Error::ChatNotFound)
    }

    /// The target of an id that should be a branch's.
    pub async fn branch(&self, owner: UserId, id: BranchId, trace: &Trace) -> Result<Target, Error> {
        let found = self.find(owner, id, trace, || self.store.locate(owner, id)).await?;
        found.ok_or(Error::BranchNotFound)
    }

    /// Whether an id belongs to any branch or chat, of any owner, also a deleted one.
    pub async fn is_taken(&self, owner: UserId, id: BranchId, trace: &Trace) -> Result<bool, Error> {
        match self.store.look_up(owner, id).await? {
            Lookup::Found(_) | Lookup::Hidden => Ok(true),
            Lookup::Unknown => Ok(self.chats.get(ChatId::from(id.as_uuid()), trace).await?.is_some()),
        }
    }
}
