//! An answer as clients see it.

use crate::clients::Message;
use crate::domain::{AnswerStatus, Failure};
use crate::provider::Usage;
use crate::store::Run;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use utoipa::ToSchema;

shared_web::request! {
    /// Which answer.
    pub struct AnswerPath in path {
        /// The answer
        pub required response_id: ResponseId,
    }
}

/// The tokens of an answer, as far as its provider tells.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the fields are called as in the API")]
pub struct TokenUsage {
    /// Tokens of the prompt, with the cached ones
    #[schema(required = true)]
    input_tokens: Option<i64>,
    /// Tokens of the response, with those of the reasoning
    #[schema(required = true)]
    output_tokens: Option<i64>,
    /// Tokens of the prompt that the provider had cached
    #[schema(required = true)]
    cached_tokens: Option<i64>,
    /// Tokens of the reasoning
    #[schema(required = true)]
    reasoning_tokens: Option<i64>,
}

impl From<Usage> for TokenUsage {
    fn from(usage: Usage) -> Self {
        let Usage { input_tokens, output_tokens, cached_tokens, reasoning_tokens } = usage;
        Self { input_tokens, output_tokens, cached_tokens, reasoning_tokens }
    }
}

/// A question that a model answers, or has answered.
#[derive(Serialize, ToSchema)]
#[schema(as = Answer)]
pub struct AnswerView {
    /// It becomes the message's id
    response_id: ResponseId,
    chat_id: ChatId,
    /// The branch on whose line it was asked; `message` has the one that it went to
    branch_id: BranchId,
    /// The message before it on the line, null before the first
    #[schema(value_type = Option<Uuid>, required = true)]
    parent_response_id: Option<ResponseId>,
    #[schema(example = "What is a banyan?")]
    question: String,
    status: AnswerStatus,
    /// The response so far
    #[schema(example = "A fig")]
    text: String,
    /// The number of the last event; a stream goes on after it. Null once the events are gone
    #[schema(required = true, example = 3)]
    seq: Option<i64>,
    /// Null for an answer of which that is not known
    #[schema(required = true, example = "banyan/echo")]
    model: Option<String>,
    /// What the provider has counted; null before the end, and where it does not count
    #[schema(value_type = Option<TokenUsage>, required = true)]
    usage: Option<TokenUsage>,
    /// Why the model has ended; null where it has not
    #[schema(required = true, example = "stop")]
    finish_reason: Option<String>,
    /// Why it has failed
    #[schema(value_type = Option<Failure>, required = true)]
    error: Option<Failure>,
    created_at: Timestamp,
    /// Null before the end
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    ended_at: Option<Timestamp>,
    /// The message, as `get-message` has it; null until it is stored
    #[schema(value_type = Option<Object>, required = true)]
    message: Option<Map<String, Value>>,
}

/// What `generation` of a message tells.
#[derive(Debug, Deserialize)]
struct GenerationRecord {
    model: Option<String>,
    status: AnswerStatus,
    finish_reason: Option<String>,
    usage: Option<Usage>,
    error: Option<Failure>,
}

impl AnswerView {
    /// A live run, with its text so far.
    pub fn of_run(run: Run, text: String) -> Self {
        let (status, finish) = (run.status(), run.finish);
        Self {
            response_id: run.response_id,
            chat_id: run.chat_id,
            branch_id: run.branch_id,
            parent_response_id: run.parent_response_id,
            question: run.question,
            status,
            text,
            seq: Some(run.seq),
            model: Some(run.model),
            usage: finish.as_ref().and_then(|finish| finish.usage).map(TokenUsage::from),
            finish_reason: finish.as_ref().and_then(|finish| finish.finish_reason.clone()),
            error: finish.and_then(|finish| finish.error),
            created_at: run.created_at,
            ended_at: run.ended_at,
            message: None,
        }
    }

    /// The bytes of its texts.
    pub fn bytes(&self) -> usize {
        self.question.len() + self.text.len()
    }

    /// An answer that is stored; `None` for a message that a client has brought. `run` is what is still known of the run.
    pub fn of_message(message: Message, run: Option<&Run>) -> Option<Self> {
        let Message { known, view } = message;
        let generation: GenerationRecord = serde_json::from_value(known.generation?).ok()?;
        let has_events = |run: &&Run| run.message.is_some();
        Some(Self {
            response_id: known.response_id,
            chat_id: known.chat_id,
            branch_id: run.map_or(known.branch_id, |run| run.branch_id),
            parent_response_id: known.parent_response_id,
            question: known.question,
            status: generation.status,
            text: known.response,
            seq: run.filter(has_events).map(|run| run.seq),
            model: generation.model,
            usage: generation.usage.map(TokenUsage::from),
            finish_reason: generation.finish_reason,
            error: generation.error,
            created_at: run.map_or(known.timestamp, |run| run.created_at),
            ended_at: Some(run.and_then(|run| run.ended_at).unwrap_or(known.timestamp)),
            message: Some(view),
        })
    }
}
