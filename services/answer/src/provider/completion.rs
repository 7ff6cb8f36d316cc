//! Reads the chunks of a chat completion into events. Providers differ more than their common name says.

use super::error_object::ErrorObject;
use super::event::{Event, FinishReason, Usage};
use super::failure::ProviderFailure;
use super::fields::{array, count, text};
use super::tool_calls::ToolCalls;
use serde_json::Value;
use std::collections::VecDeque;

/// A response as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Completion {
    /// Events that nobody has taken yet.
    pub(super) events: VecDeque<Event>,
    tool_calls: ToolCalls,
    usage: Option<Usage>,
    finish: Option<FinishReason>,
}

impl Completion {
    /// Takes a chunk of a stream, or a whole completion.
    pub(super) fn take(&mut self, chunk: &Value) -> Result<(), ProviderFailure> {
        let choice = array(chunk, "choices").first();
        if let Some(error) = ErrorObject::find(chunk).or_else(|| choice.and_then(ErrorObject::find)) {
            return Err(ProviderFailure::of_streamed(&error));
        }
        if let Some(choice) = choice {
            self.take_choice(choice)?;
        }
        // Some send it with each chunk: the last one counts.
        let usage = chunk.get("usage").or_else(|| chunk.get("x_groq")?.get("usage"));
        if let Some(usage) = usage.filter(|usage| usage.is_object()) {
            self.usage = Some(read_usage(usage));
        }
        Ok(())
    }

    /// Whether the provider has said that it is complete. Only usage may follow.
    pub(super) fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// The last events. A response that says nothing of its end has ended by itself.
    pub(super) fn end(&mut self) {
        if matches!(self.finish, Some(FinishReason::Length | FinishReason::ContentFilter)) {
            self.tool_calls.drop_broken();
        }
        let has_called = !self.tool_calls.is_empty();
        self.events.extend(self.tool_calls.take_all().map(Event::ToolCall));
        self.events.extend(self.usage.take().map(Event::Usage));
        let finish = match self.finish {
            // Some say "stop" after a tool call, too.
            None | Some(FinishReason::Stop) if has_called => FinishReason::ToolCalls,
            other => other.unwrap_or(FinishReason::Stop),
        };
        self.events.push_back(Event::Finished(finish));
    }

    fn take_choice(&mut self, choice: &Value) -> Result<(), ProviderFailure> {
        // Whole completions have a message in place of the delta.
        if let Some(delta) = ["delta", "message"].iter().find_map(|name| choice.get(name)) {
            let reasoning = ["reasoning_content", "reasoning"].iter().find_map(|name| text(delta, name));
            self.push(Event::Reasoning, reasoning.unwrap_or_default());
            match delta.get("content") {
                Some(Value::Array(parts)) => parts.iter().for_each(|part| self.take_part(part)),
                Some(Value::String(content)) => self.push(Event::Text, content),
                _ => {}
            }
            self.push(Event::Text, text(delta, "refusal").unwrap_or_default());
            self.tool_calls.extend(delta);
        }
        match text(choice, "finish_reason") {
            // Not finished: null, an empty text, or the word.
            None | Some("null") => {}
            Some("error") => {
                let error = ErrorObject::of_body(b"the finish reason is an error");
                return Err(ProviderFailure::of_streamed(&error));
            }
            Some(reason) => self.finish = Some(read_finish_reason(reason)),
        }
        Ok(())
    }

    fn take_part(&mut self, part: &Value) {
        match (part, part.get("thinking")) {
            (Value::String(content), _) => self.push(Event::Text, content),
            (_, Some(Value::String(reasoning))) => self.push(Event::Reasoning, reasoning),
            (_, Some(Value::Array(pieces))) => {
                let pieces = pieces.iter().filter_map(|piece| text(piece, "text"));
                pieces.for_each(|piece| self.push(Event::Reasoning, piece));
            }
            _ => self.push(Event::Text, text(part, "text").unwrap_or_default()),
        }
    }

    fn push(&mut self, event: fn(String) -> Event, content: &str) {
        if !content.is_empty() {
            self.events.push_back(event(content.to_owned()));
        }
    }
}

fn read_finish_reason(reason: &str) -> FinishReason {
    match reason.to_ascii_lowercase().as_str() {
        "length" | "max_tokens" | "model_length" | "max_output_tokens" => FinishReason::Length,
        "content_filter" | "safety" | "recitation" | "refusal" => FinishReason::ContentFilter,
        "tool_calls" | "function_call" | "tool_use" => FinishReason::ToolCalls,
        _ => FinishReason::Stop,
    }
}

fn read_usage(usage: &Value) -> Usage {
    let detail =
        |objects: [&str; 2], name: &str| objects.iter().find_map(|object| count(usage.get(object)?, &[name]));
    Usage {
        input_tokens: count(usage, &["prompt_tokens", "input_tokens"]),
        output_tokens: count(usage, &["completion_tokens", "output_tokens"]),
        cached_tokens: detail(["prompt_tokens_details", "input_tokens_details"], "cached_tokens")
            .or_else(|| count(usage, &["prompt_cache_hit_tokens", "cached_tokens"])),
        reasoning_tokens: detail(["completion_tokens_details", "output_tokens_details"], "reasoning_tokens")
            .or_else(|| count(usage, &["reasoning_tokens"])),
    }
}
