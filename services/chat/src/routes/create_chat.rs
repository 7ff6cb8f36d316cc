//! `POST /chats/create-chat`

use super::chat_view::ChatView;
use crate::current_user::CurrentUser;
use crate::domain::{ChatType, Name};
use crate::error::Error;
use crate::state::State;
use crate::store::{self, Chat};
use actix_web::web::Data;
use shared_web::body_limits::MAX_BODY_BYTES;
use shared_web::idempotency::{CreatedResponse, IdempotencyHeader, Keyed};
use shared_web::input::{Body, InSequence, Input};
use shared_web::openapi::ErrorResponses;

shared_web::request! {
    /// What the chat shall be.
    pub struct ChatCreation in body {
        /// 1 to 200 characters
        #[schema(example = "Trees of the world")]
        required name: Name,
        /// What kind of chat it is; left out, `personal`
        #[schema(component)]
        if_present chat_type: ChatType = ChatType::Personal,
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_body(MAX_BODY_BYTES);
    Error::ChatNotFound, Error::KeyReused
}

/// Create a chat
///
/// It begins with one branch, its trunk, whose id is the chat's.
///
/// With an `Idempotency-Key` the same request can be sent again and again, and creates once.
#[utoipa::path(
    post, path = "/api/v1/chats/create-chat", tag = "chats", request_body = ChatCreation,
    params(IdempotencyHeader),
    responses(
        (status = 201, description = "The chat", body = ChatView,
         headers(("Idempotency-Replayed" = String, description = "`true` where it was there already"))),
        Errors
    )
)]
pub async fn create_chat(
    state: Data<State>,
    InSequence(CurrentUser(user), Input { body, .. }): InSequence<CurrentUser, Body<Keyed<ChatCreation>>>,
) -> Result<CreatedResponse<ChatView>, Error> {
    let key = body.key(user, "create-chat");
    let ChatCreation { name, chat_type } = body.request;
    let chat = Chat::new(user, name, chat_type, key, state.clock.now());
    Ok(CreatedResponse::of(store::create_chat(&state.store, chat, state.undo_window.retention()).await?))
}
