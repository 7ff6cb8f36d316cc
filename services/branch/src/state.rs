//! What the handlers share.

use crate::clients::Chats;
use crate::error::Error;
use crate::store::{ContentStore, Lookup, NewTrunk, Node, Target};
use crate::sweeper::Sweeper;
use shared::ids::{BranchId, ChatId, UserId};
use shared::server::Trace;

/// What the handlers share.
pub struct State {
    /// Messages and branches.
    pub store: ContentStore,
    /// The chat service.
    pub chats: Chats,
    /// Clears away what was deleted.
    pub sweeper: Sweeper,
}

impl State {
    /// What a lookup of this id finds.
    ///
    /// The chat service is asked about an id that was never heard of; if it is a chat's, the answer is kept as its
    /// trunk, so that nobody asks again.
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

    /// What an id means that stands for a chat.
    pub async fn chat(&self, owner: UserId, id: BranchId, trace: &Trace) -> Result<Target, Error> {
        let found = self.find(owner, id, trace, || self.store.locate(owner, id)).await?;
        found.ok_or(Error::ChatNotFound)
    }

    /// What an id means that stands for a branch.
    pub async fn branch(&self, owner: UserId, id: BranchId, trace: &Trace) -> Result<Target, Error> {
        let found = self.find(owner, id, trace, || self.store.locate(owner, id)).await?;
        found.ok_or(Error::BranchNotFound)
    }

    /// Whether an id is that of a branch or a chat already, anyone's, the deleted ones included.
    pub async fn is_taken(&self, owner: UserId, id: BranchId, trace: &Trace) -> Result<bool, Error> {
        match self.store.look_up(owner, id).await? {
            Lookup::Found(_) | Lookup::Hidden => Ok(true),
            Lookup::Unknown => Ok(self.chats.get(ChatId::from(id.as_uuid()), trace).await?.is_some()),
        }
    }
}
