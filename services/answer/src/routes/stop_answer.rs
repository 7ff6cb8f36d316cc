//! `POST /answers/stop-answer/{response_id}`

use super::answer_view::{AnswerPath, AnswerView};
use super::get_answer::answer_of;
use crate::error::Error;
use crate::state::State;
use crate::store;
use actix_web::web::{Data, Json};
use shared_web::caller::Identity;
use shared_web::input::{Input, Path};
use shared_web::openapi::ErrorResponses;
use shared_web::telemetry::Trace;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Between two polls of whether the run has ended.
const POLL_INTERVAL: Duration = Duration::from_millis(25);

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::AnswerNotFound
}

/// Stop an answer
///
/// What it has said so far stays, and becomes a message. It waits for the end for up to a second. An answer that has ended is left as
/// it is.
#[utoipa::path(
    post, path = "/api/v1/answers/stop-answer/{response_id}", tag = "answers", params(AnswerPath),
    responses((status = 200, description = "The answer", body = AnswerView), Errors)
)]
pub async fn stop_answer(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { path, .. }: Path<AnswerPath>,
) -> Result<Json<AnswerView>, Error> {
    let (owner, id) = (identity.user_id, path.response_id);
    let run = store::own_run(&state.store, owner, id).await?;
    if run.is_some_and(|run| run.state.is_live()) {
        state.executor.stop(id).await?;
    }
    let deadline = Instant::now() + state.timing.stop_wait;
    while Instant::now() < deadline {
        let progress = store::progress_of(&state.store, vec![id]).await?;
        if !progress.iter().any(|run| run.state.is_live()) {
            break;
        }
        sleep(POLL_INTERVAL).await;
    }
    answer_of(&state, owner, id, &trace).await.map(Json)
}
