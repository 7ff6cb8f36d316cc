//! A chat as clients see it, and the path that names one.

use crate::domain::ChatType;
use crate::store::Chat;
use serde::Serialize;
use shared::clock::Timestamp;
use shared::ids::{ChatId, UserId};
use shared_web::input::{Fields, FromFields, Invalid};
use utoipa::{IntoParams, ToSchema};

/// A chat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Chat)]
pub struct ChatView {
    chat_id: ChatId,
    /// The owner's `user_id`
    account_id: UserId,
    chat_type: ChatType,
    #[schema(min_length = 1, max_length = 200, example = "Trees of the world")]
    name: String,
    created_at: Timestamp,
    /// When it was last changed by update-chat
    updated_at: Timestamp,
    /// False for an archived chat, in which everything still works
    active: bool,
}

impl From<Chat> for ChatView {
    fn from(chat: Chat) -> Self {
        Self {
            chat_id: chat.id,
            account_id: chat.account_id,
            chat_type: chat.chat_type,
            name: chat.name,
            created_at: chat.created_at,
            updated_at: chat.updated_at,
            active: chat.active,
        }
    }
}

/// Which chat.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ChatPath {
    /// The chat
    #[param(value_type = Uuid)]
    pub chat_id: ChatId,
}

impl FromFields for ChatPath {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self { chat_id: fields.required("chat_id")? })
    }
}
