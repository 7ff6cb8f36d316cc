//! What is sent to a provider.

use super::tokens::{MESSAGE_TOKENS, estimate, estimate_json};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A request for a response.
#[derive(Clone, PartialEq)]
pub struct Prompt {
    /// The system message.
    pub instructions: Option<String>,
    /// The messages, the oldest first.
    pub messages: Vec<PromptMessage>,
    /// How the response is made.
    pub parameters: Parameters,
    /// Sent as `prompt_cache_key`: prompts with the same key begin alike.
    pub cache_key: String,
}

impl std::fmt::Debug for Prompt {
    /// Without texts: a prompt is not logged.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Prompt({} messages)", self.messages.len())
    }
}

/// A message of a prompt.
#[derive(Clone, PartialEq)]
pub enum PromptMessage {
    /// A text of the user.
    User(String),
    /// A text of the model.
    Assistant(String),
    /// One message of Chat Completions, or an array of them, sent as they are.
    Items(Value),
}

impl std::fmt::Debug for PromptMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::User(_) => "User",
            Self::Assistant(_) => "Assistant",
            Self::Items(_) => "Items",
        })
    }
}

/// How a response is made. What is absent is left to the provider.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parameters {
    /// Randomness, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// The share of likely tokens that one is taken of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// The most tokens of the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u32>,
    /// Texts at which the response ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<Vec<String>>,
    /// The tools, as Chat Completions has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Value>,
    /// Which tool is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<Value>,
    /// The format of the text, such as a JSON schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_format: Option<Value>,
}

impl std::fmt::Debug for Parameters {
    /// Without tools and schemas, which are parts of the prompt.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { temperature, top_p, max_output_tokens, .. } = self;
        write!(f, "Parameters({temperature:?}, {top_p:?}, {max_output_tokens:?})")
    }
}

impl Parameters {
    /// An estimate of the tokens that tools and formats take in the prompt.
    pub fn estimate(&self) -> u64 {
        [&self.tools, &self.response_format].into_iter().flatten().map(estimate_json).sum()
    }
}

impl Prompt {
    /// An estimate of its tokens.
    pub fn estimate(&self) -> u64 {
        let instructions = self.instructions.as_deref().map_or(0, |text| estimate(text) + MESSAGE_TOKENS);
        let messages = self.messages.iter().map(|message| match message {
            PromptMessage::User(text) | PromptMessage::Assistant(text) => estimate(text) + MESSAGE_TOKENS,
            PromptMessage::Items(items) => estimate_json(items) + MESSAGE_TOKENS,
        });
        instructions + messages.sum::<u64>() + self.parameters.estimate()
    }
}
