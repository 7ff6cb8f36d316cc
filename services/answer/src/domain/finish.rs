//! How a run has ended.

use crate::provider::{FinishReason, ProviderError, Usage, estimate};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// The status of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerStatus {
    /// It waits for its model.
    Queued,
    /// The model answers.
    InProgress,
    /// The model has said all.
    Completed,
    /// It was cut off: by its length, or by a filter.
    Incomplete,
    /// The user has stopped it.
    Stopped,
    /// The service has lost it half way.
    Interrupted,
    /// The provider has failed.
    Failed,
}

impl AnswerStatus {
    /// The status as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete => "incomplete",
            Self::Stopped => "stopped",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }

    /// Whether it has ended otherwise than somebody wanted.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Interrupted | Self::Failed)
    }
}

/// Why a run has failed. Clients see the code; what a provider says goes to the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Failure {
    /// For programs
    #[schema(example = "provider_unavailable")]
    pub code: String,
}

/// How a run has ended, as its row keeps it.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Deserialize,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub struct Finish {
    /// The status.
    pub status: AnswerStatus,
    /// Why the model ended, in its own word.
    pub finish_reason: Option<String>,
    /// The failure.
    pub error: Option<Failure>,
    /// The tokens, as the provider counts them.
    pub usage: Option<Usage>,
    /// From the claim to the first chunk.
    pub first_token_ms: Option<i64>,
    /// How many messages of the line did not fit.
    pub dropped_messages: Option<i64>,
}

shared::json_text!(Finish);

impl Finish {
    /// An end of this status, about which nothing else is known.
    pub const fn of(status: AnswerStatus) -> Self {
        Self {
            status,
            finish_reason: None,
            error: None,
            usage: None,
            first_token_ms: None,
            dropped_messages: None,
        }
    }

    /// A failure with this code.
    pub fn failed(code: &str) -> Self {
        Self { error: Some(Failure { code: code.to_owned() }), ..Self::of(AnswerStatus::Failed) }
    }

    /// The `generation` of the message.
    pub fn generation(&self, model: &str, duration_ms: Option<i64>) -> Value {
        json!({
            "model": model,
            "status": self.status,
            "finish_reason": self.finish_reason,
            "error": self.error,
            "usage": self.usage,
            "duration_ms": duration_ms,
            "first_token_ms": self.first_token_ms,
            "dropped_messages": self.dropped_messages,
            "summary_of": null,
        })
    }

    /// The tokens that count against the user's limit: as the provider has counted them, else as the prompt was estimated, and the
    /// response is now.
    pub fn tokens(&self, estimated_input: i64, response: &str) -> i64 {
        if self.usage.is_none() && self.status == AnswerStatus::Failed && response.is_empty() {
            return 0;
        }
        let usage = self.usage.unwrap_or_default();
        let output = usage.output_tokens.unwrap_or_else(|| i64::try_from(estimate(response)).unwrap_or(0));
        usage.input_tokens.unwrap_or(estimated_input).saturating_add(output).max(0)
    }
}

impl From<FinishReason> for Finish {
    fn from(reason: FinishReason) -> Self {
        let (status, name) = match reason {
            FinishReason::Stop => (AnswerStatus::Completed, "stop"),
            FinishReason::ToolCalls => (AnswerStatus::Completed, "tool_calls"),
            FinishReason::Length => (AnswerStatus::Incomplete, "length"),
            FinishReason::ContentFilter => (AnswerStatus::Incomplete, "content_filter"),
        };
        Self { finish_reason: Some(name.to_owned()), ..Self::of(status) }
    }
}

impl From<&ProviderError> for Finish {
    fn from(error: &ProviderError) -> Self {
        Self::failed(error.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_provider_has_counted_is_estimated() {
        let stopped = Finish::of(AnswerStatus::Stopped);
        assert_eq!(stopped.tokens(100, "abcdef"), 102);
        let input = Usage { input_tokens: Some(7), ..Usage::default() };
        assert_eq!(Finish { usage: Some(input), ..stopped.clone() }.tokens(100, "abc"), 8);
        let both = Usage { output_tokens: Some(5), ..input };
        assert_eq!(Finish { usage: Some(both), ..stopped }.tokens(100, "abc"), 12);
        assert_eq!(Finish::failed("provider_unavailable").tokens(100, ""), 0);
        assert_eq!(Finish::failed("provider_unavailable").tokens(100, "abc"), 101);
    }
}
