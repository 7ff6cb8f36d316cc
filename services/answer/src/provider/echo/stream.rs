//! Says an echo word by word.

use super::directives::{Echo, Fault};
use crate::provider::error::ProviderError;
use crate::provider::event::{Event, FinishReason, Usage};
use serde_json::json;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

/// How long an echo that has stalled is silent before it fails, as a provider's stream would.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);

/// An echo under way.
pub(in crate::provider) struct EchoStream {
    /// The words of the text, each with the white space after it.
    words: Vec<String>,
    delay: Duration,
    /// How many words are said.
    said: usize,
    /// How many are to be said.
    until: usize,
    fault: Option<Fault>,
    /// When the next thing happens. It is kept here, not in [`Self::next`], which may be dropped and called again.
    due: Option<Instant>,
    /// What comes after the words.
    end: VecDeque<Event>,
    has_failed: bool,
}

impl Echo {
    /// Begins to say it.
    pub(in crate::provider) fn stream(self) -> EchoStream {
        let words = words(&self.text);
        let all = words.len().saturating_mul(self.repeats);
        let mut until = self.max_words.unwrap_or(all).min(all);
        let mut finish = if until < all { FinishReason::Length } else { FinishReason::Stop };
        let fault = self.fault.map(|(fault, after)| (fault, after.unwrap_or(all / 2)));
        if let Some((fault, after)) = fault {
            until = after.min(until);
            finish = if fault == Fault::Stop { FinishReason::Length } else { finish };
        }
        let end = if fault.is_none_or(|(fault, _)| fault == Fault::Stop) {
            self.end(until, finish)
        } else {
            VecDeque::new()
        };
        let fault = fault.map(|(fault, _)| fault);
        EchoStream { words, delay: self.delay, said: 0, until, fault, due: None, end, has_failed: false }
    }

    fn end(&self, words: usize, finish: FinishReason) -> VecDeque<Event> {
        let tool = self.tool.as_ref().filter(|_| finish == FinishReason::Stop).map(|name| {
            let arguments = json!({"text": self.text}).to_string();
            json!({"id": "call_0", "type": "function", "function": {"name": name, "arguments": arguments}})
        });
        let finish = if tool.is_some() { FinishReason::ToolCalls } else { finish };
        let usage = Usage {
            input_tokens: i64::try_from(self.prompt_words).ok(),
            output_tokens: i64::try_from(words).ok(),
            ..Usage::default()
        };
        let events = tool.map(Event::ToolCall).into_iter();
        events.chain([Event::Usage(usage), Event::Finished(finish)]).collect()
    }
}

impl EchoStream {
    /// The next event. Cancel-safe.
    pub(in crate::provider) async fn next(&mut self) -> Option<Result<Event, ProviderError>> {
        if self.said < self.until {
            self.wait(self.delay).await;
            let word = self.said.checked_rem(self.words.len()).and_then(|place| self.words.get(place));
            let mut word = word.cloned().unwrap_or_default();
            self.said += 1;
            // Between two repetitions.
            if self.said.is_multiple_of(self.words.len()) && self.said < self.until {
                word.push(' ');
            }
            return Some(Ok(Event::Text(word)));
        }
        if self.has_failed {
            return None;
        }
        match self.fault {
            Some(Fault::Fail) => Some(self.fail(ProviderError::Unavailable)),
            Some(Fault::Stall) => {
                self.wait(STALL_TIMEOUT).await;
                Some(self.fail(ProviderError::TimedOut))
            }
            None | Some(Fault::Stop) => self.end.pop_front().map(Ok),
        }
    }

    fn fail(&mut self, error: ProviderError) -> Result<Event, ProviderError> {
        self.has_failed = true;
        Err(error)
    }

    async fn wait(&mut self, pause: Duration) {
        if pause.is_zero() {
            // An echo without pauses must not keep its thread from others.
            return yield_now().await;
        }
        let due = *self.due.get_or_insert_with(|| Instant::now() + pause);
        sleep_until(due).await;
        self.due = None;
    }
}

fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_within = false;
    for c in text.chars() {
        match words.last_mut().filter(|_| is_within || c.is_whitespace()) {
            Some(word) => word.push(c),
            None => words.push(c.to_string()),
        }
        is_within = !c.is_whitespace();
    }
    words
}
