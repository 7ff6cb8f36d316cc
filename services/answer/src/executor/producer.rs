//! The side of a run that asks its model: a task of its own, so that a slow database does not hold up the provider.

use super::context::{PromptRequest, build_context};
use super::replica::Executor;
use super::retry::with_retries;
use super::user_keys::own_key;
use crate::clients::Line;
use crate::domain::{Finish, Truncation};
use crate::models::Model;
use crate::provider::{Event, Generation, Parameters, Prompt, PromptMessage, ProviderError};
use crate::store::{self, Run};
use secrecy::SecretString;
use serde_json::Value;
use shared::error::causes;
use shared_web::telemetry::Trace;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// Events that wait for the owner.
const MAX_WAITING_EVENTS: usize = 256;
/// The code of a run whose line could not be read.
const LINE_UNREADABLE_CODE: &str = "service_unavailable";
/// The code of a run whose model this deployment does not have any more.
const MODEL_GONE_CODE: &str = "model_not_found";

/// What the owner gets.
pub enum Produced {
    /// The line was read, and so many messages of it are left out.
    Context(i64),
    /// An event of the model.
    Event(Event),
    /// The run ends without the model having said so.
    Failed(Finish),
}

/// What a model says. Dropping it ends the connection to the provider.
pub struct Producer {
    events: mpsc::Receiver<Produced>,
    _task: AbortOnDropHandle<()>,
}

impl Producer {
    /// Begins to ask the model of a run.
    pub fn begin(executor: &Executor, run: &Run) -> Self {
        let (sender, events) = mpsc::channel(MAX_WAITING_EVENTS);
        let (executor, run) = (executor.clone(), run.clone());
        let task = tokio::spawn(async move {
            if let Err(finish) = produce(&executor, &run, &sender).await {
                _ = sender.send(Produced::Failed(finish)).await;
            }
        });
        Self { events, _task: AbortOnDropHandle::new(task) }
    }

    /// The next event. Cancel-safe.
    pub async fn next(&mut self) -> Produced {
        // Without a sender the task has panicked.
        self.events.recv().await.unwrap_or_else(|| Produced::Failed(Finish::failed("internal_error")))
    }
}

async fn produce(executor: &Executor, run: &Run, sender: &mpsc::Sender<Produced>) -> Result<(), Finish> {
    let model =
        executor.parts().models.find(Some(&run.model)).ok_or_else(|| Finish::failed(MODEL_GONE_CODE))?;
    let model = &model.for_run();
    let own_key = own_key(executor, run, model).await?;
    let failed = |error| provider_failed(executor, error, own_key.is_some());
    let opened = match open(executor, run, model, own_key.as_ref(), sender).await? {
        // The model has learned its window by that.
        Err(ProviderError::ContextTooLong { .. }) if run.truncation == Truncation::Auto => {
            open(executor, run, model, own_key.as_ref(), sender).await?
        }
        opened => opened,
    };
    let mut generation = opened.map_err(failed)?;
    while let Some(event) = generation.next().await {
        let event = event.map_err(failed)?;
        let is_last = matches!(event, Event::Finished(_));
        if sender.send(Produced::Event(event)).await.is_err() || is_last {
            return Ok(());
        }
    }
    Err(failed(ProviderError::Unavailable))
}

/// The end of a run whose provider has failed. It is counted, unless a user's own key was refused: that is nothing to alert about.
fn provider_failed(executor: &Executor, error: ProviderError, has_own_key: bool) -> Finish {
    if !(has_own_key && matches!(error, ProviderError::Auth | ProviderError::RateLimited)) {
        executor.parts().metrics.provider_failed(error);
    }
    Finish::from(&error)
}

/// Reads the line of a run, and asks its model, with the user's own key if there is one.
async fn open(
    executor: &Executor,
    run: &Run,
    model: &Model,
    own_key: Option<&SecretString>,
    sender: &mpsc::Sender<Produced>,
) -> Result<Result<Generation, ProviderError>, Finish> {
    let parameters: Parameters = serde_json::from_str(&run.parameters).unwrap_or_default();
    let (messages, dropped_messages) = read_line(executor, run, model, &parameters).await?;
    if dropped_messages > 0 && run.truncation == Truncation::Disabled {
        return Err((&ProviderError::ContextTooLong { context_window: None }).into());
    }
    // If the owner is gone, so is this task.
    _ = sender.send(Produced::Context(dropped_messages)).await;
    let cache_key = executor.prompt_cache_key(run.chat_id);
    let prompt = Prompt { instructions: run.instructions.clone(), messages, parameters, cache_key };
    charge(executor, run, model, &prompt).await;
    Ok(model.open_with_key(prompt, own_key.cloned()).await)
}

/// Counts the tokens of a prompt, before it is known whether the provider does. Without the database it is asked all the same.
async fn charge(executor: &Executor, run: &Run, model: &Model, prompt: &Prompt) {
    let tokens = i64::try_from(model.meter.scaled(prompt.estimate())).unwrap_or(i64::MAX);
    if let Err(error) = store::charge(&executor.parts().store, run, tokens).await {
        tracing::warn!(error = causes(&error), run = %run.response_id, "the tokens of a prompt are not counted");
    }
}

/// The messages of the prompt, and how many of the line do not fit.
async fn read_line(
    executor: &Executor,
    run: &Run,
    model: &Model,
    parameters: &Parameters,
) -> Result<(Vec<PromptMessage>, i64), Finish> {
    let input_items: Option<Value> =
        run.input_items.as_deref().and_then(|items| serde_json::from_str(items).ok());
    let asked = PromptRequest {
        instructions: run.instructions.as_deref(),
        question: &run.question,
        input_items: input_items.as_ref(),
        parameters,
    };
    let line = Line { owner: run.owner, branch: run.branch_id, depth: run.depth };
    let trace = Trace::resumed(run.request_id.clone());
    let gathered =
        with_retries(|| build_context(&executor.parts().branches, model, asked, line, &trace)).await;
    gathered.map_err(|error| {
        tracing::warn!(error = causes(&error), run = %run.response_id, "the line of a run cannot be read");
        Finish::failed(LINE_UNREADABLE_CODE)
    })
}
