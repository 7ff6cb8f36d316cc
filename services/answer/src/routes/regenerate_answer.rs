//! `POST /answers/regenerate-answer`

use super::answer_view::AnswerView;
use super::asking::NewQuestion;
use super::response::{created, wants_stream};
use crate::clients::{KnownMessage, PlaceRequest};
use crate::domain::{Instructions, ModelName, Placement};
use crate::error::Error;
use crate::provider::Parameters;
use crate::state::State;
use crate::store;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use shared::idempotency::{Created, IdempotencyKey};
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared_web::body_limits::MAX_BODY_BYTES;
use shared_web::caller::Identity;
use shared_web::idempotency::{IdempotencyHeader, Keyed};
use shared_web::input::{Body, Input};
use shared_web::openapi::ErrorResponses;
use shared_web::telemetry::Trace;

shared_web::request! {
    /// A message whose question is asked again.
    pub struct Regeneration in body {
        /// The message
        required response_id: ResponseId,
        /// The chat in which it is read, or a branch of that; left out, its own
        optional chat_id: BranchId,
        /// The model's name; left out, that of the chat's settings, or the deployment's default
        #[schema(example = "banyan/echo")]
        optional model: ModelName,
        /// What the model is told before the line, at most 16 KiB; left out, what the chat's settings have
        optional instructions: Instructions,
        /// Whether the new branch becomes the chat's active one; left out, it does
        optional activate: bool = true,
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_body(MAX_BODY_BYTES).with_schema("answer_running", "AnswerConflict");
    Error::MessageNotFound, Error::ChatNotFound, Error::ModelNotFound, Error::AnswerRunning(ResponseId::generate()),
    Error::ContextTooLong, Error::UnsupportedInput, Error::KeyReused,
    Error::TooManyAnswers { retry_after: 1 }, Error::TooManyQuestions { retry_after: 1 }, Error::TooManyTokens { retry_after: 1 }
}

/// Ask the question of a message again
///
/// The answer becomes another version of the message: a branch at the same parent. Several may be under way at once. As with
/// `create-answer`, the response is the answer or the stream of its events.
///
/// A message of a chat that was forked is one of the forks, too: `chat_id` says in which chat it gets the version.
#[utoipa::path(
    post, path = "/api/v1/answers/regenerate-answer", tag = "answers", request_body = Regeneration,
    params(IdempotencyHeader),
    responses(
        (status = 201, description = "The answer, or its events", content((AnswerView = "application/json"), (String = "text/event-stream")),
         headers(("Idempotency-Replayed" = String, description = "`true` where it was there already"))),
        Errors
    )
)]
pub async fn regenerate_answer(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    request: HttpRequest,
    Input { body, .. }: Body<Keyed<Regeneration>>,
) -> Result<HttpResponse, Error> {
    let (owner, streams) = (identity.user_id, wants_stream(request.headers()));
    let key = body.key(owner, "regenerate-answer");
    if let Some(key) = &key
        && let Some(run) = store::replay(&state.store, key).await?
    {
        return created(&state, Created::replayed(run), streams, &trace).await;
    }
    let regeneration = body.request;
    let id = regeneration.response_id;
    let run = store::own_run(&state.store, owner, id).await?;
    let message = match state.branches.message_in(owner, id, regeneration.chat_id, &trace).await {
        Err(Error::MessageNotFound) if run.is_some_and(|run| run.state.is_live()) => {
            return Err(Error::AnswerRunning(id));
        }
        message => message?.known,
    };
    let place = state.place_of(owner, &message, regeneration.chat_id, &trace).await?;
    let run = state.ask(regeneration.of(owner, message, place, key), &trace).await?;
    created(&state, run, streams, &trace).await
}

impl State {
    /// The chat in which a message is read, and a branch on whose line it lies: all that a chat inherits lies on the line of its trunk.
    async fn place_of(
        &self,
        owner: UserId,
        message: &KnownMessage,
        reading_chat: Option<BranchId>,
        trace: &Trace,
    ) -> Result<(ChatId, BranchId), Error> {
        let Some(chat_id) = reading_chat.filter(|_| message.inherited) else {
            return Ok((message.chat_id, message.branch_id));
        };
        let head =
            PlaceRequest { owner, chat_id, branch_id: None, parent_response_id: None, expected_head: None };
        let chat = self.branches.place(&head, trace).await?.chat_id;
        Ok((chat, chat.trunk()))
    }
}

impl Regeneration {
    /// The question of the message, at the same place.
    fn of(
        self,
        owner: UserId,
        message: KnownMessage,
        (chat_id, branch_id): (ChatId, BranchId),
        key: Option<IdempotencyKey>,
    ) -> NewQuestion {
        NewQuestion {
            owner,
            chat_id,
            branch_id,
            parent_response_id: message.parent_response_id,
            depth: message.depth - 1,
            placement: Placement::Fork,
            forks_if_running: true,
            activate: self.activate,
            question: message.question,
            input_items: message.input_items,
            model: self.model.map(|model| model.0),
            instructions: self.instructions.map(|instructions| instructions.0),
            truncation: None,
            parameters: Parameters::default(),
            stops_on_disconnect: false,
            key,
        }
    }
}
