//! `GET /answers/stream-answer/{response_id}`

use super::answer_view::AnswerPath;
use super::response::{EVENT_STREAM, Seen, stream};
use crate::error::Error;
use crate::state::State;
use crate::store;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use shared_web::caller::Identity;
use shared_web::input::Input;
use shared_web::openapi::ErrorResponses;
use shared_web::telemetry::Trace;
use utoipa::IntoParams;

/// The header of the event that a client has seen last.
const LAST_EVENT_ID: &str = "Last-Event-ID";

shared_web::request! {
    /// Where the stream begins.
    pub struct StreamQuery in query {
        /// The id of the event that was seen last, for clients that cannot send `Last-Event-ID`, which comes first
        optional after: String,
    }
}

/// The header in the document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it describes what the handler reads")]
pub struct LastEventId {
    /// The id of the event that was seen last; left out, the stream begins at the start
    #[param(rename = "Last-Event-ID", value_type = String, required = false)]
    id: Option<String>,
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::AnswerNotFound
}

/// Follow an answer
///
/// Server-sent events: `start`, then `delta`, `reasoning`, `tool_call` and `usage` as the model says them, at last `done` or `failed`, which
/// have the message. Each has an id, and a stream goes on after the one that was seen last. Where the events before are gone, it begins
/// with a `snapshot` of the text. It closes after 10 minutes, and is resumed as after any other disconnect: the answer does not stop.
#[utoipa::path(
    get, path = "/api/v1/answers/stream-answer/{response_id}", tag = "answers", params(AnswerPath, StreamQuery, LastEventId),
    responses((status = 200, description = "The events", body = String, content_type = "text/event-stream"), Errors)
)]
pub async fn stream_answer(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    request: HttpRequest,
    Input { path, query, .. }: Input<AnswerPath, StreamQuery, ()>,
) -> Result<HttpResponse, Error> {
    debug_assert_eq!(EVENT_STREAM, "text/event-stream", "as the document has it");
    let run = store::own_run(&state.store, identity.user_id, path.response_id).await?;
    let run = run.ok_or(Error::AnswerNotFound)?;
    let header = request.headers().get(LAST_EVENT_ID).and_then(|id| id.to_str().ok());
    let seen = match header.or(query.after.as_deref()) {
        None | Some("") => Seen::Nothing,
        Some(id) => id.parse().map_or(Seen::Foreign, Seen::Event),
    };
    stream(&state, run, seen, HttpResponse::Ok(), &trace).await
}
