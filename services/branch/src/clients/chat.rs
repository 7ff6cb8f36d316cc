//! The chat service, which knows whose a chat is.

use serde::Deserialize;
use shared::client::{CallError, ServiceClient};
use shared::clock::Timestamp;
use shared::ids::{ChatId, UserId};
use shared::server::Trace;

/// A chat, as far as this service cares.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Chat {
    /// Whose it is.
    pub account_id: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// Asks the chat service.
#[derive(Debug, Clone)]
pub struct Chats(ServiceClient);

impl Chats {
    /// Asks by this client.
    pub const fn new(client: ServiceClient) -> Self {
        Self(client)
    }

    /// The chat of this id, a deleted one included; none if there was never one, or it was long ago.
    pub async fn get(&self, chat: ChatId, trace: &Trace) -> Result<Option<Chat>, CallError> {
        self.0.get(&format!("/internal/chats/{chat}"), &[], trace).await
    }
}
