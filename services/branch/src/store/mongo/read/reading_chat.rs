//! The chat in which messages are read: what forks from them, and which version they are, differs from chat to chat.

use crate::domain::Ancestry;
use crate::error::Error;
use crate::store::mongo::engine::MongoEngine;
use crate::store::navigation::owner_of_inherited;
use shared::ids::{BranchId, ChatId};

/// The chat in which messages are read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ReadingChat {
    /// One for all of them.
    One(ChatId),
    /// Each is read in its own.
    Own,
}

impl ReadingChat {
    /// The chat in which a message of this chat is read.
    pub(crate) fn of(self, own: ChatId) -> ChatId {
        match self {
            Self::One(chat) => chat,
            Self::Own => own,
        }
    }
}

/// Whether a line inherits the message that a branch owns at a depth.
pub(crate) async fn inherits(
    mongo: &MongoEngine,
    line: Ancestry,
    (branch, depth): (BranchId, i64),
) -> Result<bool, Error> {
    Ok(owner_of_inherited(mongo, line, depth).await? == Some(branch))
}
