//! Takes out of a provider's words what no log may hold: its key, and the prompt, both of which servers repeat in errors.

use super::prompt::{Prompt, PromptMessage};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::collections::HashMap;

/// By so many letters and digits in a row, whatever is between them, a piece of the prompt is recognised.
const QUOTE_CHARS: usize = 8;
/// Texts of the prompt that are shorter than that are recognised as a whole, but for those that are within any words.
const MIN_QUOTE_CHARS: usize = 4;
/// The text in place of a key.
const REDACTED_KEY: &str = "[key]";
/// By so many characters at its beginning or its end, a word is recognised as a key whose middle is masked.
const PIECE_CHARS: usize = 4;
/// A shorter key is recognised as a whole alone: its beginning may be that of any word.
const MIN_KEY_CHARS: usize = 12;
/// How much of what a provider says goes to the log.
const MAX_LOGGED_CHARS: usize = 300;

/// What is taken out of the errors of one request.
pub(super) struct Redactor<'p> {
    key: Option<&'p SecretString>,
    prompt: &'p Prompt,
}

impl<'p> Redactor<'p> {
    /// Takes out this key and this prompt.
    pub(super) const fn of(key: Option<&'p SecretString>, prompt: &'p Prompt) -> Self {
        Self { key, prompt }
    }

    /// What goes to the log, on one line and of bounded length: up to where it quotes the prompt, and without the key.
    pub(super) fn redacted(&self, said: &str) -> String {
        let mut said = said.trim().to_owned();
        if let Some(key) = self.key.map(ExposeSecret::expose_secret).filter(|key| !key.is_empty()) {
            said = without_pieces(&said.replace(key, REDACTED_KEY), key);
        }
        let mut said: String = said.chars().take(MAX_LOGGED_CHARS).collect();
        // An escaped character may be of the prompt, and is not compared.
        let begins = self.first_quote(&said).into_iter().chain(said.find("\\u")).min();
        if let Some(begin) = begins {
            said.truncate(begin);
            said.push_str("[prompt]");
        }
        said.escape_debug().to_string()
    }

    /// Where the first quote of the prompt begins.
    fn first_quote(&self, said: &str) -> Option<usize> {
        let (places, said): (Vec<usize>, Vec<char>) = plain(said).unzip();
        let mut windows: HashMap<&[char], usize> = HashMap::new();
        for (place, window) in places.iter().zip(said.windows(QUOTE_CHARS)) {
            windows.entry(window).or_insert(*place);
        }
        let mut first = None;
        for_each_text(self.prompt, &mut |text| {
            let text: Vec<char> = plain(text).map(|(_, c)| c).collect();
            let found = if text.len() < QUOTE_CHARS {
                whole(&said, &text).and_then(|start| places.get(start).copied())
            } else {
                text.windows(QUOTE_CHARS).filter_map(|window| windows.get(window).copied()).min()
            };
            first = first.into_iter().chain(found).min();
        });
        first
    }
}

/// The text without the words that have the beginning or the end of a key: servers show it with its middle masked.
fn without_pieces(said: &str, key: &str) -> String {
    let key: Vec<char> = key.chars().collect();
    if key.len() < MIN_KEY_CHARS {
        return said.to_owned();
    }
    let ends = [key.first_chunk::<PIECE_CHARS>(), key.last_chunk::<PIECE_CHARS>()];
    let pieces = ends.map(|piece| piece.into_iter().flatten().collect::<String>());
    let words = said.split_inclusive(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ','));
    let has_piece = |word: &str| pieces.iter().any(|piece| word.contains(piece));
    words.map(|word| if has_piece(word) { [REDACTED_KEY, " "].concat() } else { word.to_owned() }).collect()
}

/// The letters and digits of a text, each with its place: line ends, quotes and escapes are written in many ways.
fn plain(text: &str) -> impl Iterator<Item = (usize, char)> {
    text.char_indices().filter(|(_, c)| c.is_alphanumeric()).map(|(place, c)| (place, c.to_ascii_lowercase()))
}

/// Where a short text begins as a whole.
fn whole(said: &[char], text: &[char]) -> Option<usize> {
    if text.len() < MIN_QUOTE_CHARS {
        None
    } else {
        said.windows(text.len()).position(|window| window == text)
    }
}

/// All texts of a prompt.
fn for_each_text(prompt: &Prompt, take: &mut impl FnMut(&str)) {
    prompt.instructions.iter().for_each(|text| take(text));
    for message in &prompt.messages {
        match message {
            PromptMessage::User(text) | PromptMessage::Assistant(text) => take(text),
            PromptMessage::Items(items) => for_each_within(items, take),
        }
    }
    let parameters = &prompt.parameters;
    parameters.stop.iter().flatten().for_each(|text| take(text));
    let values = [&parameters.tools, &parameters.tool_choice, &parameters.response_format];
    values.into_iter().flatten().for_each(|value| for_each_within(value, take));
}

fn for_each_within(value: &Value, take: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => take(text),
        Value::Array(values) => values.iter().for_each(|value| for_each_within(value, take)),
        Value::Object(fields) => {
            // What the formats' own words are is no part of the prompt.
            let texts =
                fields.iter().filter(|(name, _)| !matches!(name.as_str(), "role" | "type" | "detail"));
            texts.for_each(|(_, value)| for_each_within(value, take));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
