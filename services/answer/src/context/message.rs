//! A message of a line, as far as a context needs it.

use crate::provider::Usage;
use serde_json::Value;

/// A message of a line.
#[derive(Clone)]
pub struct ContextMessage {
    /// What was asked.
    pub question: String,
    /// What was answered.
    pub response: String,
    /// What the question has besides its text, such as results of tools.
    pub input_items: Option<Value>,
    /// What the response has besides its text, such as calls of tools.
    pub output_items: Option<Value>,
    /// What the response took, if a model gave it.
    pub usage: Option<Usage>,
    /// The model that gave it.
    pub model: Option<String>,
}
