//! What a provider's response consists of.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A part of a response. After the texts come whole tool calls, then usage, if it is known, then the end.
#[derive(Clone, PartialEq)]
pub enum Event {
    /// A piece of the text; never empty.
    Text(String),
    /// A piece of the model's reasoning; never empty.
    Reasoning(String),
    /// A whole tool call, as in a message's `tool_calls`: `{id, type: "function", function: {name, arguments}}`.
    ToolCall(Value),
    /// What the response took.
    Usage(Usage),
    /// The response is complete: the last event.
    Finished(FinishReason),
}

impl std::fmt::Debug for Event {
    /// Without texts: an answer is not logged.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Reasoning(text) => write!(f, "Reasoning({} bytes)", text.len()),
            Self::ToolCall(_) => f.write_str("ToolCall"),
            Self::Usage(usage) => write!(f, "{usage:?}"),
            Self::Finished(reason) => write!(f, "Finished({reason:?})"),
        }
    }
}

/// The tokens of a request and its response, as far as the provider tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Tokens of the prompt, with the cached ones.
    pub input_tokens: Option<i64>,
    /// Tokens of the response, with those of the reasoning.
    pub output_tokens: Option<i64>,
    /// Tokens of the prompt that the provider had cached.
    pub cached_tokens: Option<i64>,
    /// Tokens of the reasoning.
    pub reasoning_tokens: Option<i64>,
}

/// Why a response ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model ended it.
    Stop,
    /// It is as long as it may be.
    Length,
    /// The provider withholds the rest.
    ContentFilter,
    /// The model calls tools, and waits for their results.
    ToolCalls,
}
