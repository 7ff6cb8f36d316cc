//! `POST /messages/edit-message`

use super::message_view::MessageView;
use crate::domain::{BranchName, Metadata, Question, Response};
use crate::error::Error;
use crate::state::State;
use crate::store::EditRequest;
use actix_web::web::Data;
use shared::idempotency::Created;
use shared::ids::{BranchId, ResponseId};
use shared::validation::Reason;
use shared_web::body_limits::MAX_BODY_BYTES;
use shared_web::caller::Identity;
use shared_web::idempotency::{CreatedResponse, IdempotencyHeader, Keyed};
use shared_web::input::{Body, Input};
use shared_web::openapi::ErrorResponses;
use shared_web::telemetry::Trace;

shared_web::request! {
    /// Another version of a message.
    #[example({
        "response_id": "019bd5f1-02b4-7a11-8c6d-5e2f9a3b4c70",
        "question": "What is a strangler fig?",
        "response": "A fig that grows around another tree."
    })]
    pub struct MessageEdit in body {
        /// The message
        required response_id: ResponseId,
        /// The chat in which it is read, or a branch of that; left out, its own
        optional chat_id: BranchId,
        /// At most 1 MiB; left out, the question of the message
        #[schema(example = "What is a strangler fig?")]
        optional question: Question,
        /// At most 1 MiB; not empty where the question is
        #[schema(example = "A fig that grows around another tree.")]
        required response: Response,
        /// Any JSON object of at most 16 KiB; left out, `{}`
        optional metadata: Metadata = Metadata::default(),
        /// Whether the new branch becomes the chat's active one; left out, it does
        optional activate: bool = true,
        /// The name of the new branch, 1 to 200 characters
        #[schema(example = "another question")]
        optional branch_name: BranchName,
    }
    check question(question, response):
        question.as_ref().is_none_or(|question| !question.as_str().is_empty()) || !response.as_str().is_empty(),
        or Reason::value_error("question and response must not both be empty");
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_body(MAX_BODY_BYTES);
    Error::ChatNotFound, Error::MessageNotFound, Error::KeyReused
}

/// Edit a message, or have it answered again
///
/// Nothing is changed: the new version goes to a new branch at the parent of the message, also before the first message of the
/// chat. What hangs below the old version stays there.
///
/// With an `Idempotency-Key` the same request can be sent again and again, and creates once.
#[utoipa::path(
    post, path = "/api/v1/messages/edit-message", tag = "messages", request_body = MessageEdit,
    params(IdempotencyHeader),
    responses(
        (status = 201, description = "The new version", body = MessageView,
         headers(("Idempotency-Replayed" = String, description = "`true` where it was there already"))),
        Errors
    )
)]
pub async fn edit_message(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { body, .. }: Body<Keyed<MessageEdit>>,
) -> Result<CreatedResponse<MessageView>, Error> {
    let (owner, key) = (identity.user_id, body.key(identity.user_id, "edit-message"));
    let edit = body.request;
    if let Some(key) = &key
        && let Some(message) = state.store.replay_message(key).await?
    {
        return Ok(CreatedResponse::of(Created::replayed(message)));
    }
    let request = EditRequest {
        owner,
        message: edit.response_id,
        reading_chat: edit.chat_id,
        question: edit.question,
        response: edit.response,
        metadata: edit.metadata,
        activate: edit.activate,
        branch_name: edit.branch_name,
        key,
    };
    let reading_chat = request.reading_chat;
    let edit = || state.store.edit_message(request.clone());
    Ok(CreatedResponse::of(state.in_reading_chat(owner, reading_chat, &trace, edit).await?))
}
