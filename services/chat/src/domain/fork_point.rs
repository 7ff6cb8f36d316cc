//! The message on which a fork of a chat stands.

use serde::Deserialize;
use shared::ids::{ChatId, ResponseId};

/// The response up to which a new chat has the line of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct ForkPoint {
    /// The chat in which the line is read.
    pub chat_id: ChatId,
    /// The response; none where the line is empty.
    pub response_id: Option<ResponseId>,
}
