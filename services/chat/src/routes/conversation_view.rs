//! A conversation record as clients see it.

use crate::domain::Name;
use crate::store::Conversation;
use serde::Serialize;
use shared::ids::{BranchId, ChatId, ConversationId, UserId};
use shared_web::input::with_example;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema as _, ToSchema};

/// A conversation record: a named entry point into a chat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Conversation)]
pub struct ConversationView {
    id: ConversationId,
    chat_id: ChatId,
    /// The owner's `user_id`
    account_id: UserId,
    #[schema(schema_with = name_schema)]
    name: String,
    /// The branch that it leads to
    branch_id: BranchId,
    deleted: bool,
}

fn name_schema() -> RefOr<Schema> {
    with_example(Name::schema(), "Where the banyan comes in")
}

impl From<Conversation> for ConversationView {
    fn from(record: Conversation) -> Self {
        Self {
            id: record.id,
            chat_id: record.chat_id,
            account_id: record.account_id,
            name: record.name,
            branch_id: record.branch_id,
            deleted: record.deleted_at.is_some(),
        }
    }
}
