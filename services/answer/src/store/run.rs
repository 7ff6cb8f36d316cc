//! Rows of `runs`.

use super::schema::runs;
use crate::domain::{AnswerStatus, Finish, Placement, RunState, Truncation};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use shared::clock::Timestamp;
use shared::idempotency::RequestHash;
use shared::ids::{BranchId, ChatId, KeyId, ResponseId, UserId};

/// A row of `runs`.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = runs)]
pub struct Run {
    /// The id of the message that it becomes.
    pub response_id: ResponseId,
    /// Whose it is.
    pub owner: UserId,
    /// The chat.
    pub chat_id: ChatId,
    /// The branch on whose line the parent lies.
    pub branch_id: BranchId,
    /// The message before it; none before the first.
    pub parent_response_id: Option<ResponseId>,
    /// The depth of the parent, 0 for none.
    pub depth: i64,
    /// Where the message goes.
    pub placement: Placement,
    /// Whether a fork becomes the active branch.
    pub activate: bool,
    /// The question; empty once it is stored or dropped.
    pub question: String,
    /// The items of the question, as JSON.
    pub input_items: Option<String>,
    /// What the model is told before the line.
    pub instructions: Option<String>,
    /// The model's name.
    pub model: String,
    /// The parameters, as JSON.
    pub parameters: String,
    /// What happens to a line that is too long.
    pub truncation: Truncation,
    /// Whether it stops once nobody listens.
    pub stops_on_disconnect: bool,
    /// The state.
    pub state: RunState,
    /// How often its owner has changed.
    pub epoch: i64,
    /// Whether it shall stop.
    pub stop_requested: bool,
    /// The number of its chunks.
    pub seq: i64,
    /// The response, from the seal on until it is stored.
    pub response: Option<String>,
    /// The items of the response, as JSON.
    pub output_items: Option<String>,
    /// How it has ended, from the seal on.
    pub finish: Option<Finish>,
    /// The message as it was stored, as JSON, as long as there are chunks.
    pub message: Option<String>,
    pub(super) request_hash: Option<RequestHash>,
    /// Of the request.
    pub request_id: String,
    /// When it was requested.
    pub created_at: Timestamp,
    /// When it was first claimed.
    pub started_at: Option<Timestamp>,
    /// When it was sealed or dropped.
    pub ended_at: Option<Timestamp>,
}

debug_without_texts! { Run { response_id, state, epoch, seq } }

impl Run {
    /// The status for clients.
    pub fn status(&self) -> AnswerStatus {
        match (&self.finish, self.state) {
            (Some(finish), _) => finish.status,
            (None, RunState::Queued) => AnswerStatus::Queued,
            (None, RunState::Dropped) => AnswerStatus::Stopped,
            (None, _) => AnswerStatus::InProgress,
        }
    }

    /// From the claim to the end.
    pub fn duration_ms(&self) -> Option<i64> {
        let (started, ended) = (self.started_at?.as_micros(), self.ended_at?.as_micros());
        Some(ended.saturating_sub(started).max(0) / 1000)
    }
}

/// A run to be inserted; it is queued.
#[derive(Clone, Insertable)]
#[diesel(table_name = runs)]
pub struct NewRun {
    /// As in [`Run`], and so on.
    pub response_id: ResponseId,
    pub(crate) owner: UserId,
    pub(crate) chat_id: ChatId,
    pub(crate) branch_id: BranchId,
    pub(crate) parent_response_id: Option<ResponseId>,
    pub(crate) depth: i64,
    pub(crate) placement: Placement,
    pub(crate) activate: bool,
    pub(crate) question: String,
    pub(crate) input_items: Option<String>,
    pub(crate) instructions: Option<String>,
    pub(crate) model: String,
    pub(crate) parameters: String,
    pub(crate) truncation: Truncation,
    pub(crate) stops_on_disconnect: bool,
    #[diesel(embed)]
    pub(crate) progress: InitialProgress,
    pub(crate) placed_branch: Option<BranchId>,
    pub(crate) key_id: Option<KeyId>,
    pub(crate) request_hash: Option<RequestHash>,
    pub(crate) request_id: String,
}

/// The progress of a run that nobody has claimed.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = runs)]
pub struct InitialProgress {
    state: RunState,
    epoch: i64,
    attempts: i32,
    stop_requested: bool,
    seq: i64,
    charged: i64,
    streams: i64,
}

impl Default for InitialProgress {
    fn default() -> Self {
        Self {
            state: RunState::Queued,
            epoch: 0,
            attempts: 0,
            stop_requested: false,
            seq: 0,
            charged: 0,
            streams: 0,
        }
    }
}

debug_without_texts! { NewRun { response_id, model } }

/// The condition that a run is in this state. Literally, as the partial indexes serve no parameter.
pub(super) fn state_is_sql(state: RunState) -> SqlLiteral<Bool> {
    sql(match state {
        RunState::Queued => "runs.state = 'queued'",
        RunState::Running => "runs.state = 'running'",
        RunState::Sealed => "runs.state = 'sealed'",
        RunState::Stored => "runs.state = 'stored'",
        RunState::Dropped => "runs.state = 'dropped'",
    })
}

/// The condition that a run is live.
pub(super) fn is_live_sql() -> SqlLiteral<Bool> {
    sql("runs.state IN ('queued', 'running', 'sealed')")
}

/// The condition that it is stored or dropped.
pub(super) fn is_settled_sql() -> SqlLiteral<Bool> {
    sql("runs.state IN ('stored', 'dropped')")
}
