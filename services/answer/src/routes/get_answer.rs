//! `GET /answers/get-answer/{response_id}`

use super::answer_view::{AnswerPath, AnswerView};
use crate::domain::RunState;
use crate::error::Error;
use crate::state::State;
use crate::store::{self, Run, text_of};
use actix_web::web::{Data, Json};
use shared::ids::{ResponseId, UserId};
use shared_web::caller::Identity;
use shared_web::input::{Input, Path};
use shared_web::openapi::ErrorResponses;
use shared_web::telemetry::Trace;

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::AnswerNotFound
}

/// Show an answer
///
/// While it is under way, and afterwards as the message that it has become.
#[utoipa::path(
    get, path = "/api/v1/answers/get-answer/{response_id}", tag = "answers", params(AnswerPath),
    responses((status = 200, description = "The answer", body = AnswerView), Errors)
)]
pub async fn get_answer(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { path, .. }: Path<AnswerPath>,
) -> Result<Json<AnswerView>, Error> {
    answer_of(&state, identity.user_id, path.response_id, &trace).await.map(Json)
}

/// The answer of this id, which must be the caller's.
pub async fn answer_of(
    state: &State,
    owner: UserId,
    id: ResponseId,
    trace: &Trace,
) -> Result<AnswerView, Error> {
    let run = store::own_run(&state.store, owner, id).await?;
    match run {
        Some(run) if run.state.is_live() => live_answer(state, run).await,
        // Of a dropped one nothing is left, whatever is restored.
        Some(run) if run.state == RunState::Dropped => Err(Error::AnswerNotFound),
        run => {
            let message = state.branches.message(owner, id, trace).await?;
            let answer = message.and_then(|message| AnswerView::of_message(message, run.as_ref()));
            answer.ok_or(Error::AnswerNotFound)
        }
    }
}

/// A live run with its text so far.
pub async fn live_answer(state: &State, mut run: Run) -> Result<AnswerView, Error> {
    if let Some(response) = run.response.take() {
        return Ok(AnswerView::of_run(run, response));
    }
    let mut text = String::new();
    let mut seq = 0;
    loop {
        let chunks = store::chunks_after(&state.store, run.response_id, seq).await?;
        text.push_str(&text_of(&chunks));
        match chunks.last() {
            Some(last) if last.seq < run.seq => seq = last.seq,
            Some(last) => {
                // There may be more by now than when the row was read.
                run.seq = last.seq;
                return Ok(AnswerView::of_run(run, text));
            }
            None => return Ok(AnswerView::of_run(run, text)),
        }
    }
}
