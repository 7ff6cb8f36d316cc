//! What a question tells the echo provider to do.
//!
//! | directive | effect |
//! |---|---|
//! | `[[delay:50]]` | waits 50 ms before each word, at most 60,000; without it 20 ms |
//! | `[[slow]]` | waits a second before each word |
//! | `[[repeat:10]]` | says the question ten times, at most 100,000 |
//! | `[[fail:after=20]]` | fails after 20 words: `provider_unavailable` |
//! | `[[stop:after=20]]` | stops after 20 words, as if the response were as long as it may be: `length` |
//! | `[[stall:after=20]]` | says nothing more after 20 words, and fails after 60 s: `timed_out` |
//! | `[[tool:name]]` | calls a tool of this name, with the question as `{"text": ...}`, after the words |
//!
//! Without `after` it is half-way; it is at the last word at the latest. Directives are not echoed. Anything else in brackets is a text.

use crate::provider::prompt::{Prompt, PromptMessage};
use serde_json::Value;
use std::time::Duration;

const DELAY: Duration = Duration::from_millis(20);
const SLOW_DELAY: Duration = Duration::from_secs(1);
const MAX_DELAY_MILLIS: u64 = 60_000;
const MAX_REPEATS: usize = 100_000;

/// What is echoed, and how.
pub(in crate::provider) struct Echo {
    /// The question without its directives.
    pub(super) text: String,
    /// The pause before each word.
    pub(super) delay: Duration,
    /// How often the text is said.
    pub(super) repeats: usize,
    /// What happens before the end, and after how many words.
    pub(super) fault: Option<(Fault, Option<usize>)>,
    /// The name of a tool that is called.
    pub(super) tool: Option<String>,
    /// The most words.
    pub(super) max_words: Option<usize>,
    /// How many words the prompt has.
    pub(super) prompt_words: usize,
}

/// How an echo ends before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Fail,
    Stop,
    Stall,
}

impl Echo {
    /// The echo of the last message of a prompt.
    pub(in crate::provider) fn of(prompt: &Prompt) -> Self {
        let question = prompt.messages.last().map(text_of).unwrap_or_default();
        let texts = prompt.instructions.iter().cloned().chain(prompt.messages.iter().map(text_of));
        let max_words = prompt.parameters.max_output_tokens.and_then(|most| usize::try_from(most).ok());
        let prompt_words = texts.map(|text| text.split_whitespace().count()).sum();
        let mut echo = Self {
            text: String::with_capacity(question.len()),
            delay: DELAY,
            repeats: 1,
            fault: None,
            tool: None,
            max_words,
            prompt_words,
        };
        echo.read(&question);
        echo
    }

    fn read(&mut self, question: &str) {
        let mut rest = question;
        while let Some((before, after)) = rest.split_once("[[") {
            self.text.push_str(before);
            let directive = after.split_once("]]").filter(|(directive, _)| self.obey(directive).is_some());
            if directive.is_none() {
                self.text.push_str("[[");
            }
            rest = directive.map_or(after, |(_, after)| after.trim_start());
        }
        self.text.push_str(rest);
        self.text.truncate(self.text.trim_end().len());
    }

    /// `None` if this is no directive.
    fn obey(&mut self, directive: &str) -> Option<()> {
        let (name, value) = directive.split_once(':').map_or((directive, None), |(n, v)| (n, Some(v)));
        let fault = match (name, value) {
            ("slow", None) => {
                self.delay = SLOW_DELAY;
                return Some(());
            }
            ("delay", Some(millis)) => {
                self.delay = Duration::from_millis(millis.parse::<u64>().ok()?.min(MAX_DELAY_MILLIS));
                return Some(());
            }
            ("repeat", Some(times)) => {
                self.repeats = times.parse::<usize>().ok()?.min(MAX_REPEATS);
                return Some(());
            }
            ("tool", Some(tool)) if !tool.is_empty() => {
                self.tool = Some(tool.to_owned());
                return Some(());
            }
            ("fail", _) => Fault::Fail,
            ("stop", _) => Fault::Stop,
            ("stall", _) => Fault::Stall,
            _ => return None,
        };
        let after = match value {
            Some(value) => Some(value.strip_prefix("after=")?.parse().ok()?),
            None => None,
        };
        self.fault = Some((fault, after));
        Some(())
    }
}

/// The text of a message.
fn text_of(message: &PromptMessage) -> String {
    match message {
        PromptMessage::User(text) | PromptMessage::Assistant(text) => text.clone(),
        PromptMessage::Items(Value::Array(items)) => items.last().map(content_of).unwrap_or_default(),
        PromptMessage::Items(item) => content_of(item),
    }
}

fn content_of(item: &Value) -> String {
    match item.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect(),
        _ => String::new(),
    }
}
