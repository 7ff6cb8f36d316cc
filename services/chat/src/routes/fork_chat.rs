//! `POST /chats/fork-chat`

use super::chat_view::ChatView;
use super::get_chat::own_chat;
use crate::current_user::CurrentUser;
use crate::domain::{ChatType, Name};
use crate::error::Error;
use crate::state::State;
use crate::store::{self, ChatFork, ForkProgress};
use actix_web::web::Data;
use shared::idempotency::{Created, IdempotencyKey};
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared_web::body_limits::MAX_BODY_BYTES;
use shared_web::idempotency::{CreatedResponse, IdempotencyHeader, Keyed};
use shared_web::input::{Body, InSequence, Input};
use shared_web::openapi::ErrorResponses;
use shared_web::telemetry::Trace;

shared_web::request! {
    /// Of which chat, and up to where.
    pub struct ChatForkRequest in body {
        /// A chat of the caller's, or any of its branches
        required chat_id: ChatId,
        /// A branch of the chat; left out, the active one
        optional branch_id: BranchId,
        /// A message of the chat; left out, the head of the branch
        optional response_id: ResponseId,
        /// 1 to 200 characters; left out, the name of the chat
        #[schema(example = "Trees of the world, again")]
        optional name: Name,
        /// What kind of chat it is; left out, that of the chat
        #[schema(component)]
        optional chat_type: ChatType,
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_body(MAX_BODY_BYTES);
    Error::ChatNotFound, Error::BranchNotFound, Error::MessageNotFound, Error::KeyReused
}

/// Fork a chat
///
/// The line of the new chat begins with that of the other one up to the response. Nothing is copied, and what is said later in one is not seen
/// in the other. Its tags, settings, pins, branch names and conversation records are not taken.
///
/// With an `Idempotency-Key` the same request can be sent again and again, and creates once.
#[utoipa::path(
    post, path = "/api/v1/chats/fork-chat", tag = "chats", request_body = ChatForkRequest,
    params(IdempotencyHeader),
    responses(
        (status = 201, description = "The new chat", body = ChatView,
         headers(("Idempotency-Replayed" = String, description = "`true` where it was there already"))),
        Errors
    )
)]
pub async fn fork_chat(
    state: Data<State>,
    trace: Trace,
    InSequence(CurrentUser(user), Input { body, .. }): InSequence<CurrentUser, Body<Keyed<ChatForkRequest>>>,
) -> Result<CreatedResponse<ChatView>, Error> {
    let key = body.key(user, "fork-chat");
    let begun = match &key {
        Some(key) => {
            let retention = state.undo_window.retention();
            store::replay_fork(&state.store, key, state.clock.now(), retention).await?
        }
        None => None,
    };
    let progress = match begun {
        Some(progress) => progress,
        None => begin(&state, user, body.request, key, &trace).await?,
    };
    let chat = match progress {
        ForkProgress::Finished(chat) => Created::replayed(chat),
        ForkProgress::UnderWay(fork) => state.chat_forking.finish(&fork, &trace).await?,
    };
    Ok(CreatedResponse::of(chat))
}

async fn begin(
    state: &State,
    user: UserId,
    request: ChatForkRequest,
    key: Option<IdempotencyKey>,
    trace: &Trace,
) -> Result<ForkProgress, Error> {
    let ChatForkRequest { chat_id, branch_id, response_id, name, chat_type } = request;
    let point = state.branches.fork_point(user, chat_id, (branch_id, response_id), trace).await?;
    let source = own_chat(state, user, point.chat_id).await?;
    let name = name.map_or(source.name, Name::into_string);
    let kind = (name, chat_type.unwrap_or(source.chat_type));
    let fork = ChatFork::new(user, point, kind, key, trace.request_id.clone(), state.clock.now());
    store::begin_fork(&state.store, fork, state.undo_window.retention()).await
}
