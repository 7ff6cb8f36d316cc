//! The request for a chat completion.

use super::prompt::{Prompt, PromptMessage};
use serde::Serialize;
use serde_json::Value;

/// What of the request differs between servers.
#[derive(Debug, Clone, Copy)]
pub struct RequestOptions {
    /// The most tokens of a response that may be asked for.
    pub max_output_tokens: Option<u32>,
    /// Whether that field is `max_completion_tokens`, not `max_tokens`.
    pub max_completion_tokens: bool,
    /// Whether `stream_options` asks for usage.
    pub stream_usage: bool,
    /// Whether `prompt_cache_key` is sent.
    pub prompt_cache_key: bool,
}

#[derive(Serialize)]
struct ChatCompletion<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_cache_key: Option<&'a str>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Message<'a> {
    Text { role: &'static str, content: &'a str },
    Raw(&'a Value),
}

/// The body of the request. The same message is written with the same bytes, whatever comes after it.
pub(super) fn body(model: &str, options: RequestOptions, prompt: &Prompt) -> serde_json::Result<Vec<u8>> {
    let parameters = &prompt.parameters;
    let max_tokens = match (parameters.max_output_tokens, options.max_output_tokens) {
        (Some(asked), Some(most)) => Some(asked.min(most)),
        (asked, _) => asked,
    };
    let (classic, new) = if options.max_completion_tokens { (None, max_tokens) } else { (max_tokens, None) };
    serde_json::to_vec(&ChatCompletion {
        model,
        messages: messages(prompt),
        stream: true,
        stream_options: options.stream_usage.then_some(StreamOptions { include_usage: true }),
        max_tokens: classic,
        max_completion_tokens: new,
        temperature: parameters.temperature,
        top_p: parameters.top_p,
        stop: parameters.stop.as_deref(),
        tools: parameters.tools.as_ref(),
        tool_choice: parameters.tool_choice.as_ref(),
        response_format: parameters.response_format.as_ref(),
        prompt_cache_key: Some(prompt.cache_key.as_str())
            .filter(|key| options.prompt_cache_key && !key.is_empty()),
    })
}

fn messages(prompt: &Prompt) -> Vec<Message<'_>> {
    let mut messages = Vec::with_capacity(prompt.messages.len() + 1);
    messages.extend(prompt.instructions.as_deref().map(|content| Message::Text { role: "system", content }));
    for message in &prompt.messages {
        match message {
            PromptMessage::User(content) => messages.push(Message::Text { role: "user", content }),
            PromptMessage::Assistant(content) => messages.push(Message::Text { role: "assistant", content }),
            PromptMessage::Items(Value::Array(items)) => messages.extend(items.iter().map(Message::Raw)),
            PromptMessage::Items(item) => messages.push(Message::Raw(item)),
        }
    }
    messages
}
