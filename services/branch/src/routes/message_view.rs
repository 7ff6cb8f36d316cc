//! A message as clients see it.

use crate::domain::{Message, Metadata};
use serde::Serialize;
use serde_json::value::RawValue;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use utoipa::{PartialSchema as _, ToSchema};

/// A question with its response.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub struct MessageView {
    response_id: ResponseId,
    /// The root chat
    chat_id: ChatId,
    /// The branch that owns the message
    branch_id: BranchId,
    /// The place on the line, counted from 1 without gaps
    #[schema(minimum = 1, example = 1)]
    depth: i64,
    /// The message before it on the line, null at depth 1
    #[schema(value_type = Option<Uuid>, required = true)]
    parent_response_id: Option<ResponseId>,
    #[schema(example = "What is a banyan?")]
    question: String,
    #[schema(example = "A fig whose branches grow roots of their own.")]
    response: String,
    timestamp: Timestamp,
    /// The branches that fork from this response, oldest first, the oldest 100 of them
    branches: Vec<BranchId>,
    /// How many branches fork from this response
    #[schema(minimum = 0, example = 0)]
    branch_count: i64,
    /// Which of the messages with the same parent it is, by time and id, counted from 1
    #[schema(minimum = 1, example = 1)]
    version: i64,
    /// How many messages have the same parent
    #[schema(minimum = 1, example = 1)]
    version_count: i64,
    /// Whether the line that was read has it from another branch, or the chat in which it was read from another chat
    inherited: bool,
    /// The message that it was copied from, null if it was not
    #[schema(value_type = Option<Uuid>, required = true)]
    copied_from: Option<ResponseId>,
    /// As it was sent
    #[schema(schema_with = Metadata::schema)]
    metadata: Box<RawValue>,
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        Self {
            response_id: message.id,
            chat_id: message.chat,
            branch_id: message.branch,
            depth: message.depth,
            parent_response_id: message.parent,
            question: message.question,
            response: message.response,
            timestamp: message.created_at,
            branches: message.forks.oldest,
            branch_count: message.forks.count,
            version: message.version.number,
            version_count: message.version.count,
            inherited: message.inherited,
            copied_from: message.copied_from,
            // It was checked when it came.
            metadata: RawValue::from_string(message.metadata).unwrap_or_default(),
        }
    }
}
