//! `POST /messages/add-message`

use super::message_view::MessageView;
use crate::domain::{AnswerDetails, ExpectedHead, Metadata, OnHeadMoved, Question, Response};
use crate::error::Error;
use crate::state::State;
use crate::store::AppendRequest;
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
use std::sync::Arc;
use utoipa::ToSchema;

shared_web::request! {
    /// A message to append to a line.
    #[example({
        "chat_id": "019bd5f0-7c3a-7d52-9f0e-3b1c5a7e9d21",
        "question": "What is a banyan?",
        "response": "A fig whose branches grow roots of their own.",
        "metadata": {"model": "fig-1"}
    })]
    pub struct MessageAddition in body {
        /// A chat's id, or a branch's
        required chat_id: BranchId,
        /// At most 1 MiB
        #[schema(example = "What is a banyan?")]
        required question: Question,
        /// At most 1 MiB; not empty where the question is
        #[schema(example = "A fig whose branches grow roots.")]
        required response: Response,
        /// The branch it goes to; left out, the one that `chat_id` names, or the chat's active branch
        optional branch_id: BranchId,
        /// Any JSON object of at most 16 KiB
        optional metadata: Metadata = Metadata::default(),
        /// The response that the client saw last on the branch, null where it saw an empty line; left out, nothing is
        /// checked
        nullable expected_head: ResponseId as ExpectedHead,
        /// `fork` for a new branch at `expected_head` where the head is another one; `reject`, as when it is left out, for a 409
        optional on_head_moved: OnHeadMoved = OnHeadMoved::Reject,
        /// Whether such a branch becomes the chat's active one; left out, it does not
        optional activate: bool = false,
    }
    check question(question, response): !question.as_str().is_empty() || !response.as_str().is_empty(),
        or Reason::value_error("question and response must not both be empty");
}

/// The error body of a 409: the one of every error, and the head that there is.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it describes what `Error::HeadMoved` is rendered as")]
pub struct HeadMoved {
    /// What is wrong, for people
    detail: String,
    /// `head_moved`
    #[schema(example = "head_moved")]
    code: String,
    /// As in `X-Request-Id`
    request_id: String,
    /// The current head; null while the line is empty
    #[schema(value_type = Option<Uuid>, required)]
    head_response_id: Option<ResponseId>,
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_body(MAX_BODY_BYTES).with_schema("head_moved", "HeadMoved");
    Error::ChatNotFound, Error::BranchNotFound, Error::MessageNotFound, Error::HeadMoved { branch: BranchId::generate(), head: None }, Error::KeyReused
}

/// Append a message to a line
///
/// It goes to the branch that is named, else to the chat's active one; with `on_head_moved` `fork` to a new branch at
/// `expected_head`, where that lies on the line and is not its head.
///
/// With an `Idempotency-Key` the same request can be sent again and again, and creates once.
#[utoipa::path(
    post, path = "/api/v1/messages/add-message", tag = "messages", request_body = MessageAddition,
    params(IdempotencyHeader),
    responses(
        (status = 201, description = "The message", body = MessageView,
         headers(("Idempotency-Replayed" = String, description = "`true` where it was there already"))),
        Errors
    )
)]
pub async fn add_message(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { body, .. }: Body<Keyed<MessageAddition>>,
) -> Result<CreatedResponse<MessageView>, Error> {
    let (owner, key) = (identity.user_id, body.key(identity.user_id, "add-message"));
    let addition = body.request;
    if let Some(key) = &key
        && let Some(message) = state.store.replay_message(key).await?
    {
        return Ok(CreatedResponse::of(Created::replayed(message)));
    }
    let request = Arc::new(AppendRequest {
        owner,
        target: addition.chat_id,
        branch: addition.branch_id,
        question: addition.question,
        response: addition.response,
        metadata: addition.metadata,
        expected_head: addition.expected_head,
        on_head_moved: addition.on_head_moved,
        activate: addition.activate,
        key,
        id: None,
        details: AnswerDetails::default(),
    });
    let append = || state.store.append(Arc::clone(&request));
    Ok(CreatedResponse::of(state.with_trunk(owner, request.target, &trace, append).await?))
}
