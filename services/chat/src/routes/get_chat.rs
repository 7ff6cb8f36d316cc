//! `GET /chats/get-chat/{chat_id}`

use super::chat_view::{ChatPath, ChatView};
use crate::error::Error;
use crate::state::State;
use crate::store::{self, Chat};
use actix_web::web::{Data, Json};
use shared::ids::{ChatId, UserId};
use shared_web::caller::Identity;
use shared_web::input::{Input, Path};
use shared_web::openapi::ErrorResponses;

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::ChatNotFound
}

/// Show a chat
///
/// A chat of somebody else is answered as one that does not exist.
#[utoipa::path(
    get, path = "/api/v1/chats/get-chat/{chat_id}", tag = "chats", params(ChatPath),
    responses(
        (status = 200, description = "The chat", body = ChatView),
        Errors
    )
)]
pub async fn get_chat(
    identity: Identity,
    state: Data<State>,
    Input { path, .. }: Path<ChatPath>,
) -> Result<Json<ChatView>, Error> {
    Ok(Json(own_chat(&state, identity.user_id, path.chat_id).await?.into()))
}

/// The chat of this id, which must be the caller's.
pub async fn own_chat(state: &State, caller: UserId, id: ChatId) -> Result<Chat, Error> {
    store::find_chat(&state.store, caller, id).await?.ok_or(Error::ChatNotFound)
}
