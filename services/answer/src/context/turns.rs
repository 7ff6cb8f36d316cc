//! The messages of a prompt, from the messages of a line.

use super::items::{calls, of_question, of_response, results};
use super::message::ContextMessage;
use crate::domain::is_image;
use crate::provider::PromptMessage;
use serde_json::{Value, json};

/// The question that is asked, with its items.
pub(super) struct Question {
    pub(super) text: String,
    pub(super) items: Option<Value>,
}

impl Question {
    /// Whether it brings results of tools, so that the message before it, which calls them, must be there.
    pub(super) fn continues_calls(&self) -> bool {
        !results(self.items.as_ref()).is_empty()
    }
}

/// Whether a message brings results of tools that the one before it calls.
pub(super) fn continues_calls(message: &ContextMessage) -> bool {
    !results(message.input_items.as_ref()).is_empty()
}

/// The messages of a prompt, of those of a line, the oldest first. What is written for a message depends on nothing that comes
/// after it, but on whether the next one has the results of its calls: prompts of branches begin alike.
pub(super) fn prompt_messages(
    line: impl Iterator<Item = ContextMessage>,
    question: Question,
) -> Vec<PromptMessage> {
    let (mut messages, mut called) = (Vec::new(), Vec::new());
    let mut line = line.peekable();
    while let Some(ContextMessage { question: asked, response, input_items, output_items, .. }) = line.next()
    {
        push_question(&mut messages, asked, input_items.as_ref(), &called);
        called = calls(output_items.as_ref());
        let next = line.peek().map_or(question.items.as_ref(), |next| next.input_items.as_ref());
        push_response(&mut messages, response, output_items.as_ref(), next);
    }
    push_question(&mut messages, question.text, question.items.as_ref(), &called);
    messages
}

/// Items with a text in place of each image: a model that takes none would refuse the whole line.
pub(super) fn without_images(items: Value) -> Value {
    match items {
        image if is_image(&image) => json!({"type": "text", "text": "[image]"}),
        Value::Array(values) => values.into_iter().map(without_images).collect(),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, without_images(value))).collect())
        }
        value => value,
    }
}

fn push_question(
    messages: &mut Vec<PromptMessage>,
    question: String,
    items: Option<&Value>,
    called: &[String],
) {
    if let Some(items) = items {
        messages.push(PromptMessage::Items(Value::Array(of_question(&question, items, called))));
        return;
    }
    match messages.last_mut() {
        // The question before it has no response: many templates refuse two messages of the user in a row.
        Some(PromptMessage::User(before)) if !question.is_empty() => {
            before.push_str("\n\n");
            before.push_str(&question);
        }
        _ if question.is_empty() => {}
        _ => messages.push(PromptMessage::User(question)),
    }
}

fn push_response(
    messages: &mut Vec<PromptMessage>,
    response: String,
    items: Option<&Value>,
    next_items: Option<&Value>,
) {
    match items {
        Some(items) => {
            let message = of_response(&response, items, &results(next_items));
            messages.extend(message.map(PromptMessage::Items));
        }
        None if response.is_empty() => {}
        None => messages.push(PromptMessage::Assistant(response)),
    }
}
