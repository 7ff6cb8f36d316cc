//! A conversation record as clients see it.

use crate::store::Conversation;
use serde::Serialize;
use shared::ids::{BranchId, ChatId, ConversationId, UserId};
use utoipa::ToSchema;

/// A conversation record: a named entry point into a chat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Conversation)]
pub struct ConversationView {
    id: ConversationId,
    chat_id: ChatId,
    /// The owner's `user_id`
    account_id: UserId,
    #[schema(min_length = 1, max_length = 200, example = "Where the banyan comes in")]
    name: String,
    /// The branch that it leads to
    branch_id: BranchId,
    deleted: bool,
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
