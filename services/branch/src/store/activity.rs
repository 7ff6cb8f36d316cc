//! The requests and results of an engine for the report of activity.

use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, OperationId};
use uuid::Uuid;

/// The kinds of documents in which changes of chats are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeSource {
    /// Messages, by the time at which they were stored.
    Messages,
    /// Branches, by the time at which they were last forked, chosen, changed, deleted or restored.
    Branches,
}

/// The place of a change among those of its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ChangePosition {
    pub(crate) at: Timestamp,
    /// The id of the message or the branch, which breaks ties.
    pub(crate) id: Uuid,
}

impl ChangePosition {
    /// The place before all changes of this time.
    pub(crate) const fn before(at: Timestamp) -> Self {
        Self { at, id: Uuid::nil() }
    }

    /// Whether it is the place before all changes of its time.
    pub(crate) const fn is_before_all(self) -> bool {
        self.id.is_nil()
    }
}

/// A change of a chat.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    pub(crate) position: ChangePosition,
    pub(crate) chat: ChatId,
}

/// The activity of a living chat, read from its branches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TreeActivity {
    pub(crate) chat: ChatId,
    pub(crate) active: BranchId,
    /// The number of living branches.
    pub(crate) branches: usize,
    /// The number of messages that these own.
    pub(crate) messages: i64,
    /// When the last of these was stored.
    pub(crate) last_message_at: Option<Timestamp>,
    /// When the last of the branches was created or changed, as far as they tell.
    pub(crate) changed_at: Timestamp,
}

/// The lease of the process that reports, and the watermarks from which another goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReporterLease {
    /// Rises with each change of the lease, and is the time in microseconds, or more. What is read after it was taken has it as version.
    pub(crate) version: i64,
    pub(crate) holder: OperationId,
    pub(crate) until: Timestamp,
    /// The watermarks: what changed before these times is reported.
    pub(crate) messages_from: Timestamp,
    pub(crate) branches_from: Timestamp,
}
