//! Takes out of a provider's words what no log may hold: its key, and the prompt, both of which servers repeat in errors.

use super::prompt::{Prompt, PromptMessage};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// By how it begins a text of the prompt is recognised.
const QUOTE_CHARS: usize = 16;
/// Shorter texts say little, and are words of other texts.
const MIN_QUOTE_CHARS: usize = 6;
/// How much of what a provider says is searched.
const MAX_SEARCHED_CHARS: usize = 16 * 1024;
/// How much of it goes to the log.
const MAX_LOGGED_CHARS: usize = 300;

/// What is taken out of one run's errors.
pub(super) struct Redactor {
    key: Option<SecretString>,
    /// How the texts of the prompt begin, as they are and as JSON.
    quotes: Vec<String>,
}

impl Redactor {
    /// Takes out this key and this prompt.
    pub(super) fn of(key: Option<&SecretString>, prompt: &Prompt) -> Self {
        let mut quotes = Vec::new();
        prompt.instructions.iter().for_each(|text| quote(text, &mut quotes));
        for message in &prompt.messages {
            match message {
                PromptMessage::User(text) | PromptMessage::Assistant(text) => quote(text, &mut quotes),
                PromptMessage::Items(items) => quote_all(items, &mut quotes),
            }
        }
        Self { key: key.cloned(), quotes }
    }

    /// What goes to the log, on one line and of bounded length: up to where the prompt begins, and without the key.
    pub(super) fn redacted(&self, said: &str) -> String {
        let mut said: String = said.chars().take(MAX_SEARCHED_CHARS).collect();
        if let Some(key) = self.key.as_ref().map(ExposeSecret::expose_secret).filter(|key| !key.is_empty()) {
            said = said.replace(key, "[key]");
        }
        let begins = self.quotes.iter().filter_map(|quote| said.find(quote.as_str())).min();
        if let Some(begin) = begins {
            said.truncate(begin);
            said.push_str("[prompt]");
        }
        said.trim().chars().take(MAX_LOGGED_CHARS).collect::<String>().escape_debug().to_string()
    }
}

fn quote(text: &str, quotes: &mut Vec<String>) {
    let begin: String = text.trim_start().chars().take(QUOTE_CHARS).collect();
    if begin.trim_end().chars().count() < MIN_QUOTE_CHARS {
        return;
    }
    let escaped = Value::from(begin.as_str()).to_string();
    let escaped = escaped.trim_matches('"');
    if escaped != begin {
        quotes.push(escaped.to_owned());
    }
    quotes.push(begin);
}

fn quote_all(value: &Value, quotes: &mut Vec<String>) {
    match value {
        Value::String(text) => quote(text, quotes),
        Value::Array(values) => values.iter().for_each(|value| quote_all(value, quotes)),
        Value::Object(fields) => {
            // What the formats' own words are is no part of the prompt.
            let own = ["role", "type", "id", "name", "tool_call_id", "detail"];
            let texts = fields.iter().filter(|(name, _)| !own.contains(&name.as_str()));
            texts.for_each(|(_, value)| quote_all(value, quotes));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
