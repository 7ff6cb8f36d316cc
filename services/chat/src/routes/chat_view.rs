//! A chat as clients see it, and the path that names one.

use crate::domain::{ChatSettings, ChatType, Name};
use crate::store::Chat;
use serde::Serialize;
use shared::clock::Timestamp;
use shared::ids::{ChatId, ResponseId, UserId};
use shared::tags::Tags;
use shared_web::input::with_example;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema as _, ToSchema};

/// A chat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Chat)]
pub struct ChatView {
    chat_id: ChatId,
    /// The owner's `user_id`
    account_id: UserId,
    chat_type: ChatType,
    #[schema(schema_with = name_schema)]
    name: String,
    created_at: Timestamp,
    /// When it was last changed by update-chat
    updated_at: Timestamp,
    /// False for an archived chat, in which everything still works
    active: bool,
    /// Whether it is pinned; the order of lists is the same
    pinned: bool,
    /// In the order in which they were sent
    #[schema(schema_with = Tags::schema)]
    tags: Tags,
    settings: ChatSettings,
    /// Where it was forked from; null where it is no fork
    #[schema(required = true)]
    forked_from: Option<ForkedFrom>,
}

/// Where a chat was forked from
#[derive(Debug, Serialize, ToSchema)]
pub struct ForkedFrom {
    chat_id: ChatId,
    /// The response up to which it has the line of that chat; null where that was empty
    #[schema(required = true)]
    response_id: Option<ResponseId>,
}

fn name_schema() -> RefOr<Schema> {
    with_example(Name::schema(), "Trees of the world")
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
            pinned: chat.pinned,
            tags: chat.tags,
            settings: chat.settings.unwrap_or_default(),
            forked_from: chat
                .forked_from_chat_id
                .map(|chat_id| ForkedFrom { chat_id, response_id: chat.forked_from_response_id }),
        }
    }
}

shared_web::request! {
    /// Which chat.
    pub struct ChatPath in path {
        /// The chat
        pub required chat_id: ChatId,
    }
}
