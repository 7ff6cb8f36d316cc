//! What a message costs of a context window.

use super::message::ContextMessage;
use crate::models::Model;
use crate::provider::{MESSAGE_TOKENS, TokenMeter, Usage, estimate, estimate_json};
use serde_json::Value;

/// The share of the window that is left for the response if nobody says how long it may be.
const RESPONSE_SHARE: u32 = 4;
/// A counted question is believed between a third of its estimate and three times it: usage of another prefix shows otherwise.
const PLAUSIBLE_FACTOR: u64 = 3;
/// Tokens by which templates make short questions longer.
const TEMPLATE_TOKENS: u64 = 32;

/// What messages cost with one model.
#[derive(Debug)]
pub(super) struct Costs {
    model: String,
    meter: TokenMeter,
}

impl Costs {
    /// The costs with this model.
    pub(super) fn of(model: &Model) -> Self {
        Self { model: model.name.clone(), meter: model.meter.clone() }
    }

    /// The estimate of a text with its items.
    pub(super) fn estimated(&self, text: &str, items: Option<&Value>) -> u64 {
        let items = items.map_or(0, estimate_json);
        self.meter.scaled(estimate(text) + items + MESSAGE_TOKENS)
    }

    /// The cost of a message: its response as it was counted, if this model gave it; the question is estimated.
    pub(super) fn of_message(&self, message: &ContextMessage) -> u64 {
        self.question(message) + self.response(message)
    }

    /// The exact cost of a message, of which the one before it on the line is known: by how much the prompt has grown. `None` if
    /// not both are counted by this model, or if one of them was sent without a part of its line.
    pub(super) fn counted(&self, message: &ContextMessage, before: &ContextMessage) -> Option<u64> {
        let (usage, earlier) = (self.usage(message)?, self.usage(before)?);
        let question = usage.input_tokens? - (earlier.input_tokens? + kept_output(earlier)?);
        let question = u64::try_from(question).ok()?;
        let estimate = self.question(message);
        let plausible = estimate / PLAUSIBLE_FACTOR..=estimate * PLAUSIBLE_FACTOR + TEMPLATE_TOKENS;
        plausible.contains(&question).then(|| question + self.response(message))
    }

    fn question(&self, message: &ContextMessage) -> u64 {
        self.estimated(&message.question, message.input_items.as_ref())
    }

    fn response(&self, message: &ContextMessage) -> u64 {
        let counted = self.usage(message).and_then(kept_output).and_then(|tokens| u64::try_from(tokens).ok());
        match counted {
            Some(tokens) => tokens + MESSAGE_TOKENS,
            None => self.estimated(&message.response, message.output_items.as_ref()),
        }
    }

    /// The usage of a message, if this model counted it.
    fn usage(&self, message: &ContextMessage) -> Option<Usage> {
        message.usage.filter(|_| message.model.as_ref() == Some(&self.model))
    }
}

/// The tokens of a response that are sent again: reasoning is not.
fn kept_output(usage: Usage) -> Option<i64> {
    let kept = usage.output_tokens? - usage.reasoning_tokens.unwrap_or(0);
    (kept > 0).then_some(kept)
}

/// The tokens that a prompt may have, if the response is to have this many, or as many as the model gives.
pub(super) fn prompt_budget(model: &Model, response: Option<u32>) -> u64 {
    let window = model.meter.window(model.context_window);
    let reserved = match response.map(|asked| asked.min(model.max_output_tokens.unwrap_or(asked))) {
        // Who asks for more than half of the window gets what is left.
        Some(asked) => asked.min(window / 2),
        None => model.max_output_tokens.unwrap_or(u32::MAX).min(window / RESPONSE_SHARE),
    };
    u64::from(window - reserved)
}
