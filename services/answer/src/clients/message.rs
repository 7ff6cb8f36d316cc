//! A message, as the branch service has it.

use crate::context::ContextMessage;
use crate::provider::Usage;
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};

/// A message: what this service reads of it, and all of it.
#[derive(Clone, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Message {
    /// What is read of it.
    pub known: KnownMessage,
    /// As clients see it.
    pub view: Map<String, Value>,
}

debug_without_texts! { Message { known } }

/// The members that this service reads.
#[derive(Clone, Deserialize)]
pub struct KnownMessage {
    /// Its id.
    pub response_id: ResponseId,
    /// Its chat.
    pub chat_id: ChatId,
    /// Its branch.
    pub branch_id: BranchId,
    /// The message before it.
    pub parent_response_id: Option<ResponseId>,
    /// Its place on the line.
    pub depth: i64,
    /// Whether it was read in another chat than its own.
    #[serde(default)]
    pub inherited: bool,
    /// The question.
    pub question: String,
    /// The response.
    pub response: String,
    /// When it was stored.
    pub timestamp: Timestamp,
    /// How it was generated; none for one that a client has brought.
    pub generation: Option<Value>,
    /// The items of the question.
    pub input_items: Option<Value>,
    /// The items of the response.
    pub output_items: Option<Value>,
}

debug_without_texts! { KnownMessage { response_id, depth } }

impl TryFrom<Map<String, Value>> for Message {
    type Error = serde_json::Error;

    fn try_from(mut view: Map<String, Value>) -> Result<Self, Self::Error> {
        let known = serde_json::from_value(Value::Object(view.clone()))?;
        // Clients get them only where they ask for them, with `get-message`.
        view.remove("input_items");
        view.remove("output_items");
        Ok(Self { known, view })
    }
}

impl From<KnownMessage> for ContextMessage {
    fn from(message: KnownMessage) -> Self {
        let of =
            |name: &str| message.generation.as_ref().and_then(|generation| generation.get(name)).cloned();
        Self {
            usage: of("usage")
                .and_then(|usage| serde_json::from_value::<Option<Usage>>(usage).ok())
                .flatten(),
            model: of("model").and_then(|model| model.as_str().map(str::to_owned)),
            question: message.question,
            response: message.response,
            input_items: message.input_items,
            output_items: message.output_items,
        }
    }
}
