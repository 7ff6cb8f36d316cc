//! What create-answer and regenerate-answer have in common: a question at a place on a line becomes a run.

use crate::clients::Line;
use crate::domain::{Placement, Truncation, are_supported, has_images};
use crate::error::Error;
use crate::executor::{PromptRequest, build_context};
use crate::models::Model;
use crate::provider::Parameters;
use crate::state::State;
use crate::store::{self, InitialProgress, NewRun, Run};
use crate::streams::stop_unless_read;
use serde_json::Value;
use shared::idempotency::{Created, IdempotencyKey};
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared_web::telemetry::Trace;

/// A question at a place on a line.
pub struct NewQuestion {
    /// Who asks.
    pub owner: UserId,
    /// The chat.
    pub chat_id: ChatId,
    /// The branch on whose line the parent lies.
    pub branch_id: BranchId,
    /// The message before it.
    pub parent_response_id: Option<ResponseId>,
    /// The depth of that, 0 for none.
    pub depth: i64,
    /// Where the message goes.
    pub placement: Placement,
    /// Whether it goes to a fork where another answer is under way on the branch.
    pub forks_if_running: bool,
    /// Whether a fork becomes the active branch.
    pub activate: bool,
    /// The question.
    pub question: String,
    /// The items of the question.
    pub input_items: Option<Value>,
    /// The model; none for the chat's, or the default one.
    pub model: Option<String>,
    /// What the model is told before the line; none for what the chat has.
    pub instructions: Option<String>,
    /// What happens to a line that is too long; none for what the chat has.
    pub truncation: Option<Truncation>,
    /// How the response is made.
    pub parameters: Parameters,
    /// Whether it stops once nobody listens.
    pub stops_on_disconnect: bool,
    /// The idempotency key.
    pub key: Option<IdempotencyKey>,
}

debug_without_texts! { NewQuestion { chat_id, branch_id, model } }

impl State {
    /// Inserts a run for a question, and begins to answer it; or finds the one that an equal request has created.
    pub async fn ask(&self, mut ask: NewQuestion, trace: &Trace) -> Result<Created<Run>, Error> {
        let settings = self.chats.settings(ask.owner, ask.chat_id, trace).await?;
        let named = ask.model.take().or(settings.model);
        let model = self.models.find(named.as_deref()).ok_or(Error::ModelNotFound)?.clone();
        let is_taken = |items: &Value| are_supported(items) && (model.vision || !has_images(items));
        if !ask.input_items.as_ref().is_none_or(is_taken) {
            return Err(Error::UnsupportedInput);
        }
        ask.instructions = ask.instructions.or(settings.instructions).filter(|told| !told.is_empty());
        let truncation = ask.truncation.or(settings.truncation).unwrap_or(Truncation::Auto);
        if truncation == Truncation::Disabled {
            self.check_fits(&ask, &model, trace).await?;
        }
        let forks_if_running = ask.forks_if_running;
        let new = new_run(ask, model.name, truncation, trace);
        let created = match store::insert_run(&self.store, new.clone(), self.limits).await {
            Err(Error::AnswerRunning(_)) if forks_if_running => {
                let fork = NewRun { placement: Placement::Fork, placed_branch: None, ..new };
                store::insert_run(&self.store, fork, self.limits).await?
            }
            inserted => inserted?,
        };
        if !created.replayed {
            let run = &created.object;
            if run.stops_on_disconnect {
                stop_unless_read(&self.store, &self.tasks, run.response_id, self.timing.disconnect_grace);
            }
            self.executor.start(run);
        }
        Ok(created)
    }

    /// Refuses a question whose line is too long for the model.
    async fn check_fits(&self, ask: &NewQuestion, model: &Model, trace: &Trace) -> Result<(), Error> {
        let asked = PromptRequest {
            instructions: ask.instructions.as_deref(),
            question: &ask.question,
            input_items: ask.input_items.as_ref(),
            parameters: &ask.parameters,
        };
        let line = Line { owner: ask.owner, branch: ask.branch_id, depth: ask.depth };
        match build_context(&self.branches, model, asked, line, trace).await? {
            (_, 0) => Ok(()),
            _ => Err(Error::ContextTooLong),
        }
    }
}

/// Refuses a question that is longer than the deployment takes, or whose items are.
pub fn check_bytes(question: &str, input_items: Option<&Value>, max: usize) -> Result<(), Error> {
    let too_many = |field| Err(Error::TooManyBytes { field, max });
    match input_items {
        _ if question.len() > max => too_many("question"),
        Some(items) if items.to_string().len() > max => too_many("input_items"),
        _ => Ok(()),
    }
}

fn new_run(ask: NewQuestion, model: String, truncation: Truncation, trace: &Trace) -> NewRun {
    let (key_id, request_hash) = ask.key.map(|key| (key.id, key.hash)).unzip();
    NewRun {
        response_id: ResponseId::generate(),
        owner: ask.owner,
        chat_id: ask.chat_id,
        branch_id: ask.branch_id,
        parent_response_id: ask.parent_response_id,
        depth: ask.depth,
        placement: ask.placement,
        activate: ask.activate,
        question: ask.question,
        input_items: ask.input_items.map(|items| items.to_string()),
        instructions: ask.instructions,
        model,
        parameters: serde_json::to_string(&ask.parameters).unwrap_or_else(|_| "{}".to_owned()),
        truncation,
        stops_on_disconnect: ask.stops_on_disconnect,
        progress: InitialProgress::default(),
        placed_branch: Some(ask.branch_id).filter(|_| ask.placement == Placement::Append),
        key_id,
        request_hash,
        request_id: trace.request_id.clone(),
    }
}
