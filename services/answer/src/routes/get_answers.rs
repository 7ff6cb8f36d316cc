//! `GET /answers/get-answers`

use super::answer_view::AnswerView;
use super::get_answer::live_answer;
use crate::error::Error;
use crate::state::State;
use crate::store;
use actix_web::web::{Data, Json};
use shared::ids::ChatId;
use shared_web::caller::Identity;
use shared_web::input::{Input, Query};
use shared_web::openapi::UserErrors;

/// The most answers: more than a user may have under way, unless that is configured so.
const MAX_ANSWERS: i64 = 100;

/// The most bytes of texts, as in the pages of messages.
const MAX_PAGE_BYTES: usize = 8 << 20;

shared_store::text_enum! {
    /// Which answers.
    pub enum AnswerFilter {
        /// Those that are under way.
        Running = "running",
    }
}

shared_web::request! {
    /// Which answers.
    pub struct AnswersQuery in query {
        /// Only those in this chat
        optional chat_id: ChatId,
        /// `running`, as when it is left out: those that are under way
        optional state: AnswerFilter = AnswerFilter::Running,
    }
}

/// List the caller's answers that are under way
///
/// Newest first, up to 100 and 8 MiB of texts. Those that have ended are messages of their lines.
#[utoipa::path(
    get, path = "/api/v1/answers/get-answers", tag = "answers", params(AnswersQuery),
    responses((status = 200, description = "The answers", body = Vec<AnswerView>), UserErrors)
)]
pub async fn get_answers(
    identity: Identity,
    state: Data<State>,
    Input { query, .. }: Query<AnswersQuery>,
) -> Result<Json<Vec<AnswerView>>, Error> {
    let AnswersQuery { chat_id, state: AnswerFilter::Running } = query;
    let owner = identity.user_id;
    let (mut answers, mut bytes) = (Vec::new(), 0);
    for id in store::live_runs(&state.store, owner, chat_id, MAX_ANSWERS).await? {
        // One that has ended in between is a message.
        let run = store::own_run(&state.store, owner, id).await?.filter(|run| run.state.is_live());
        let Some(run) = run else { continue };
        let answer = live_answer(&state, run).await?;
        bytes += answer.bytes();
        if bytes > MAX_PAGE_BYTES && !answers.is_empty() {
            break;
        }
        answers.push(answer);
    }
    Ok(Json(answers))
}
