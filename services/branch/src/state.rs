//! What the handlers share.

use crate::clients::Chats;
use crate::error::Error;
use crate::store::{ContentStore, Lookup, NewTrunk, Node};
use crate::sweeper::Sweeper;
use shared::ids::{BranchId, ChatId, UserId};
use shared::server::Trace;
use std::sync::Arc;

/// What the handlers share.
pub struct State {
    /// Messages and branches.
    pub store: Arc<dyn ContentStore>,
    /// The chat service.
    pub chats: Chats,
    /// Clears away what was deleted.
    pub sweeper: Sweeper,
}

impl State {
    /// The chat or the branch of this id, as a branch.
    ///
    /// The chat service is asked about an id that was never heard of; if it is a chat's, the answer is kept as its
    /// trunk, so that nobody asks again.
    pub async fn find(&self, owner: UserId, id: BranchId, trace: &Trace) -> Result<Option<Node>, Error> {
        match self.store.look_up(owner, id).await? {
            Lookup::Found(node) => return Ok(Some(*node)),
            Lookup::Hidden => return Ok(None),
            Lookup::Unknown => {}
        }
        let chat = ChatId::from(id.as_uuid());
        let known = self.chats.get(chat, trace).await?;
        let Some(known) = known.filter(|known| known.account_id == owner && !known.deleted) else {
            return Ok(None);
        };
        self.store.plant(NewTrunk { chat, owner, created_at: known.created_at }).await?;
        match self.store.look_up(owner, id).await? {
            Lookup::Found(node) => Ok(Some(*node)),
            Lookup::Hidden | Lookup::Unknown => Ok(None),
        }
    }

    /// As [`State::find`], for an id that stands for a chat.
    pub async fn chat(&self, owner: UserId, id: BranchId, trace: &Trace) -> Result<Node, Error> {
        self.find(owner, id, trace).await?.ok_or(Error::ChatNotFound)
    }

    /// As [`State::find`], for an id that stands for a branch.
    pub async fn branch(&self, owner: UserId, id: BranchId, trace: &Trace) -> Result<Node, Error> {
        self.find(owner, id, trace).await?.ok_or(Error::BranchNotFound)
    }

    /// Whether an id is that of a branch or a chat already, anyone's, the deleted ones included.
    pub async fn is_taken(&self, owner: UserId, id: BranchId, trace: &Trace) -> Result<bool, Error> {
        match self.store.look_up(owner, id).await? {
            Lookup::Found(_) | Lookup::Hidden => Ok(true),
            Lookup::Unknown => Ok(self.chats.get(ChatId::from(id.as_uuid()), trace).await?.is_some()),
        }
    }
}
