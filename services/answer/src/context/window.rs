//! Fills a context window from the head of a line upwards: its cost is that of the window, however long the line is.

use super::budget::{Costs, prompt_budget};
use super::message::ContextMessage;
use super::turns::{Question, continues_calls, prompt_messages, without_images};
use crate::models::Model;
use crate::provider::{Parameters, PromptMessage};
use serde_json::Value;

/// The messages of a prompt, fed the newest first until the context window is full.
///
/// The oldest messages are left out, each whole, and never one that calls a tool without the one that has its result.
pub struct Context {
    costs: Costs,
    budget: u64,
    used: u64,
    bytes: usize,
    max_bytes: usize,
    takes_images: bool,
    question: Question,
    /// The newest first.
    kept: Vec<Kept>,
    /// For each group of messages that stay or go together, how many are kept with it.
    groups: Vec<usize>,
    is_full: bool,
}

struct Kept {
    message: ContextMessage,
    cost: u64,
}

impl Context {
    /// A context with the instructions and the question, which are sent in any case.
    pub fn new(
        model: &Model,
        instructions: Option<&str>,
        question: &str,
        input_items: Option<&Value>,
    ) -> Self {
        let costs = Costs::of(model);
        let used = instructions.map_or(0, |text| costs.estimated(text, None));
        Self {
            used: used + costs.estimated(question, input_items),
            costs,
            budget: prompt_budget(model, None),
            bytes: 0,
            max_bytes: model.max_line_bytes,
            takes_images: model.vision,
            question: Question { text: question.to_owned(), items: input_items.cloned() },
            kept: Vec::new(),
            groups: Vec::new(),
            is_full: false,
        }
    }

    /// Leaves room for what the request asks for: the response's tokens, and tools, which are sent with the prompt.
    #[must_use]
    pub fn with_parameters(mut self, model: &Model, parameters: &Parameters) -> Self {
        self.budget = prompt_budget(model, parameters.max_output_tokens);
        self.used += model.meter.scaled(parameters.estimate());
        self
    }

    /// Adds the message before those that were pushed. `false` if it does not fit: the context is full.
    pub fn push(&mut self, mut older: ContextMessage) -> bool {
        if self.is_full {
            return false;
        }
        if !self.takes_images {
            older.input_items = older.input_items.map(without_images);
        }
        self.count_newer(&older);
        let cost = self.costs.of_message(&older);
        let bytes = self.bytes + older.bytes();
        // The results in the question need their calls, whatever that costs: the provider decides.
        let is_needed = self.kept.is_empty() && self.question.continues_calls();
        if !is_needed && (self.used + cost > self.budget || bytes > self.max_bytes) {
            self.fill();
            return false;
        }
        let begins_group = !continues_calls(&older);
        self.used += cost;
        self.bytes = bytes;
        self.kept.push(Kept { message: older, cost });
        if begins_group {
            self.groups.push(self.kept.len());
        }
        true
    }

    /// The messages, the oldest first and the question last, and how many of the line's messages are left out.
    pub fn finish(mut self, messages_on_line: i64) -> (Vec<PromptMessage>, i64) {
        self.fill();
        let kept = i64::try_from(self.kept.len()).unwrap_or(i64::MAX);
        let line = self.kept.into_iter().rev().map(|kept| kept.message);
        (prompt_messages(line, self.question), (messages_on_line - kept).max(0))
    }

    /// Corrects the cost of the message that was pushed last, now that the one before it is known.
    fn count_newer(&mut self, older: &ContextMessage) {
        let Some(newer) = self.kept.last_mut() else { return };
        if let Some(counted) = self.costs.counted(&newer.message, older) {
            self.used = self.used - newer.cost + counted;
            newer.cost = counted;
        }
        let is_needed = self.kept.len() == 1 && self.question.continues_calls();
        if self.used > self.budget && self.groups.last() == Some(&self.kept.len()) && !is_needed {
            self.groups.pop();
            self.is_full = true;
        }
    }

    /// Drops the messages whose group is not whole. Of the group of the question as much stays as fits, and the message with its calls:
    /// in a long chain of calls, results whose calls are left out are left out, too.
    fn fill(&mut self) {
        self.is_full = true;
        match self.groups.last() {
            Some(whole) => self.kept.truncate(*whole),
            None if self.question.continues_calls() => {
                while self.used > self.budget
                    && self.kept.len() > 1
                    && let Some(oldest) = self.kept.pop()
                {
                    self.used -= oldest.cost;
                }
            }
            None => self.kept.clear(),
        }
    }
}
