//! A message as clients see it.

use crate::domain::{Message, Metadata};
use serde::Serialize;
use serde_json::value::RawValue;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use shared::validation::{Reason, TextField};
use std::fmt;
use utoipa::{PartialSchema as _, ToSchema};

/// A question with its response.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
#[expect(clippy::option_option, reason = "what is not asked for is absent, and what is not there is null")]
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
    /// The server's own record of how a model has answered, null where none has
    #[schema(value_type = Option<Object>, required = true)]
    generation: Option<Box<RawValue>>,
    /// The raw items of the question; only with `fields=items`, and null where there are none
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>, required = false)]
    input_items: Option<Option<Box<RawValue>>>,
    /// The raw items of the response; only with `fields=items`, and null where there are none
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>, required = false)]
    output_items: Option<Option<Box<RawValue>>>,
}

/// The fields of a message that are told only where they are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum MessageFields {
    /// The raw items.
    Items,
}

impl TextField for MessageFields {
    fn parse(text: String) -> Result<Self, Reason> {
        match text.as_str() {
            "items" => Ok(Self::Items),
            _ => Err(Reason::new("enum", "Input should be 'items'")),
        }
    }
}

impl fmt::Display for MessageFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Items => f.write_str("items"),
        }
    }
}

impl MessageView {
    /// A message with these fields.
    pub fn with(fields: Option<MessageFields>, mut message: Message) -> Self {
        let items = (message.details.input_items.take(), message.details.output_items.take());
        let view = Self::from(message);
        match fields {
            None => view,
            Some(MessageFields::Items) => {
                let (input_items, output_items) = (Some(items.0.and_then(raw)), Some(items.1.and_then(raw)));
                Self { input_items, output_items, ..view }
            }
        }
    }
}

/// JSON that was checked when it came.
fn raw(json: String) -> Option<Box<RawValue>> {
    RawValue::from_string(json).ok()
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
            metadata: raw(message.metadata).unwrap_or_default(),
            generation: message.details.generation.and_then(raw),
            input_items: None,
            output_items: None,
        }
    }
}
