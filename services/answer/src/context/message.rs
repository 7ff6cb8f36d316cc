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

impl ContextMessage {
    /// The bytes of its texts, and of the texts within its items.
    pub(super) fn bytes(&self) -> usize {
        let items = [&self.input_items, &self.output_items].into_iter().flatten();
        self.question.len() + self.response.len() + items.map(bytes_of).sum::<usize>()
    }
}

fn bytes_of(items: &Value) -> usize {
    size_of::<Value>()
        + match items {
            Value::String(text) => text.len(),
            Value::Array(values) => values.iter().map(bytes_of).sum(),
            Value::Object(fields) => fields.iter().map(|(name, value)| name.len() + bytes_of(value)).sum(),
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
}
