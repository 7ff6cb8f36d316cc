//! A stand-in, which the module of the context replaces.

use crate::models::Model;
use crate::provider::{PromptMessage, Usage};
use serde_json::Value;

/// A message of the line.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "a stand-in")]
pub struct ContextMessage {
    pub question: String,
    pub response: String,
    pub input_items: Option<Value>,
    pub output_items: Option<Value>,
    pub usage: Option<Usage>,
    pub model: Option<String>,
}

/// The messages that fit.
#[derive(Debug)]
pub struct Context {
    question: String,
    items: Option<Value>,
    older: Vec<ContextMessage>,
    room: usize,
}

impl Context {
    /// With the new question alone.
    pub fn new(model: &Model, _: Option<&str>, question: &str, input_items: Option<&Value>) -> Self {
        let room = usize::try_from(model.context_window).unwrap_or(usize::MAX);
        Self { question: question.to_owned(), items: input_items.cloned(), older: Vec::new(), room }
    }

    /// Adds an older message; false where there is no room.
    pub fn push(&mut self, older: ContextMessage) -> bool {
        let bytes = older.question.len() + older.response.len();
        if bytes > self.room {
            return false;
        }
        self.room -= bytes;
        self.older.push(older);
        true
    }

    /// The messages, oldest first, and how many were left out.
    pub fn finish(self, messages_on_line: i64) -> (Vec<PromptMessage>, i64) {
        let dropped = messages_on_line - i64::try_from(self.older.len()).unwrap_or(0);
        let mut messages = Vec::new();
        for message in self.older.into_iter().rev() {
            messages.extend(message.input_items.map(PromptMessage::Items));
            messages.push(PromptMessage::User(message.question));
            messages.push(PromptMessage::Assistant(message.response));
        }
        messages.extend(self.items.map(PromptMessage::Items));
        messages.push(PromptMessage::User(self.question));
        (messages, dropped)
    }
}
