//! The outcome of an append.

use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};

/// The outcome of an append, on either engine.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The message is appended.
    Appended(AppendedTo),
    /// The owner cannot see such a line.
    NoLine,
    /// A message with this key or id exists.
    Exists,
    /// The head of the line is not the expected one.
    HeadMoved {
        branch: BranchId,
        /// The head; none on an empty line.
        head: Option<ResponseId>,
    },
}

/// The place of an appended message.
#[derive(Debug)]
pub(super) struct AppendedTo {
    pub(super) chat: ChatId,
    pub(super) branch: BranchId,
    pub(super) parent: Option<ResponseId>,
    pub(super) depth: i64,
    pub(super) created_at: Timestamp,
    /// Whether it may have other versions.
    pub(super) has_siblings: bool,
}
