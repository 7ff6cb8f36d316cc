//! Messages.

use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};

/// A question with its response, and what forks from it now. All but the forks never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: ResponseId,
    /// The chat that it belongs to.
    pub chat: ChatId,
    /// The branch that owns it.
    pub branch: BranchId,
    /// Its depth on the line, from 1 without gaps.
    pub depth: i64,
    /// The message before it on the line.
    pub parent: Option<ResponseId>,
    /// The question.
    pub question: String,
    /// The response.
    pub response: String,
    /// A JSON object, as text.
    pub metadata: String,
    /// When it was stored.
    pub created_at: Timestamp,
    /// The message that it is a copy of.
    pub copied_from: Option<ResponseId>,
    /// The branches that fork from it.
    pub forks: Forks,
}

/// The branches that fork from a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forks {
    /// The oldest of them, oldest first.
    pub oldest: Vec<BranchId>,
    /// How many there are.
    pub count: i64,
}
