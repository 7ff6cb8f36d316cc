//! A stand-in, which the module of the providers replaces.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::VecDeque;
use std::time::Duration;

/// A request for a response.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// The system message.
    pub instructions: Option<String>,
    /// The messages, the oldest first.
    pub messages: Vec<PromptMessage>,
    /// How the response is made.
    pub parameters: Parameters,
    /// Prompts with the same key begin alike.
    pub cache_key: String,
}

/// A message of a prompt.
#[derive(Debug, Clone)]
pub enum PromptMessage {
    /// A text of the user.
    User(String),
    /// A text of the model.
    Assistant(String),
    /// Messages as they are.
    Items(Value),
}

/// How a response is made.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Parameters {
    /// As in Chat Completions, and so on.
    pub temperature: Option<f64>,
    #[expect(missing_docs, reason = "a stand-in")]
    pub top_p: Option<f64>,
    #[expect(missing_docs, reason = "a stand-in")]
    pub max_output_tokens: Option<u32>,
    #[expect(missing_docs, reason = "a stand-in")]
    pub stop: Option<Vec<String>>,
    #[expect(missing_docs, reason = "a stand-in")]
    pub tools: Option<Value>,
    #[expect(missing_docs, reason = "a stand-in")]
    pub tool_choice: Option<Value>,
    #[expect(missing_docs, reason = "a stand-in")]
    pub response_format: Option<Value>,
}

/// A part of a response.
#[derive(Debug, Clone)]
pub enum Event {
    /// A piece of the text.
    Text(String),
    /// A piece of the reasoning.
    Reasoning(String),
    /// A whole tool call.
    ToolCall(Value),
    /// What the response took.
    Usage(Usage),
    /// The last event.
    Finished(FinishReason),
}

/// Tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "a stand-in")]
pub struct Usage {
    pub input_tokens: Option<i64>,
    pub output_tokens: Option<i64>,
    pub cached_tokens: Option<i64>,
    pub reasoning_tokens: Option<i64>,
}

/// Why a response ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "a stand-in")]
pub enum FinishReason {
    Stop,
    Length,
    ContentFilter,
    ToolCalls,
}

/// An error of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the provider failed")]
#[expect(missing_docs, reason = "a stand-in")]
pub enum ProviderError {
    Auth,
    RateLimited,
    Unavailable,
    Rejected,
    ContextTooLong { context_window: Option<u32> },
    TimedOut,
    NoStream,
}

impl ProviderError {
    /// The code that clients see.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Auth => "provider_auth",
            Self::RateLimited => "provider_rate_limited",
            Self::Unavailable | Self::NoStream => "provider_unavailable",
            Self::Rejected => "provider_rejected",
            Self::ContextTooLong { .. } => "context_too_long",
            Self::TimedOut => "timed_out",
        }
    }
}

/// A running response.
pub struct Generation {
    words: VecDeque<String>,
    delay: Duration,
    fails: bool,
    stalls: bool,
    ends: VecDeque<Event>,
}

impl Generation {
    /// Echoes the question: its directives are delay, repeat, fail, stall and tool.
    pub(crate) fn echo(prompt: &Prompt) -> Self {
        let question = prompt.messages.iter().rev().find_map(|message| match message {
            PromptMessage::User(text) => Some(text.clone()),
            _ => None,
        });
        let question = question.unwrap_or_default();
        let directive = |name: &str| {
            let (_, rest) = question.split_once(&format!("[[{name}"))?;
            rest.split("]]").next().map(str::to_owned)
        };
        let number = |name: &str| directive(name)?.parse::<usize>().ok();
        let (fail, stall) = (number("fail:after="), number("stall:after="));
        let text = question.rsplit("]]").next().unwrap_or_default().trim_start();
        let words: Vec<_> = text.split_inclusive(' ').map(str::to_owned).collect();
        let repeats = number("repeat:").unwrap_or(1);
        let mut words: VecDeque<_> = words.iter().cycle().take(words.len() * repeats).cloned().collect();
        let output_tokens = i64::try_from(words.len()).ok();
        words.truncate(fail.or(stall).unwrap_or(usize::MAX));
        let usage = Usage { input_tokens: Some(10), output_tokens, ..Usage::default() };
        let mut ends = VecDeque::from([Event::Usage(usage), Event::Finished(FinishReason::Stop)]);
        if let Some(tool) = directive("tool:") {
            let function = serde_json::json!({"name": tool, "arguments": "{}"});
            ends.push_front(Event::ToolCall(
                serde_json::json!({"id": "call_0", "type": "function", "function": function}),
            ));
        }
        let delay =
            Duration::from_millis(directive("delay:").and_then(|delay| delay.parse().ok()).unwrap_or(1));
        Self { words, delay, fails: fail.is_some(), stalls: stall.is_some(), ends }
    }

    /// The next event. Cancel-safe.
    pub async fn next(&mut self) -> Option<Result<Event, ProviderError>> {
        if self.words.is_empty() && self.stalls {
            std::future::pending::<()>().await;
        }
        if self.words.is_empty() && self.fails {
            return Some(Err(ProviderError::Unavailable));
        }
        if self.words.is_empty() {
            return self.ends.pop_front().map(Ok);
        }
        tokio::time::sleep(self.delay).await;
        self.words.pop_front().map(|word| Ok(Event::Text(word)))
    }
}
