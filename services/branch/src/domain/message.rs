//! Messages.

use super::answer_details::AnswerDetails;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};

/// A question with its response, and what forks from it now. The forks and the version change.
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
    /// What it has beside its texts where a model has answered it.
    pub details: AnswerDetails,
    /// The branches that fork from it.
    pub forks: Forks,
    /// Which of its versions it is.
    pub version: Version,
    /// Whether it was read on the line of another branch than its own, or in another chat.
    pub inherited: bool,
}

impl Message {
    /// The same, as this of its versions.
    #[must_use]
    pub fn with_version(self, version: Option<Version>) -> Self {
        Self { version: version.unwrap_or_default(), ..self }
    }

    /// The same, as it is read on the line of this branch.
    #[must_use]
    pub fn read_on(self, branch: BranchId) -> Self {
        Self { inherited: self.branch != branch, ..self }
    }

    /// The same, as it is read in this chat.
    #[must_use]
    pub fn read_in(self, chat: ChatId) -> Self {
        Self { inherited: self.chat != chat, ..self }
    }
}

/// The place of a message among its versions: the messages with the same parent, by time and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Counted from 1.
    pub number: i64,
    /// How many there are.
    pub count: i64,
}

impl Default for Version {
    /// The only one.
    fn default() -> Self {
        Self { number: 1, count: 1 }
    }
}

/// The branches that fork from a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forks {
    /// The oldest of them, oldest first.
    pub oldest: Vec<BranchId>,
    /// How many there are.
    pub count: i64,
}
