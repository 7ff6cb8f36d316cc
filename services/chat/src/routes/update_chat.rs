//! `PUT /chats/update-chat/{chat_id}`

use super::chat_view::{ChatPath, ChatView};
use super::get_chat::own_chat;
use crate::domain::{ChatType, Name};
use crate::error::Error;
use crate::state::State;
use crate::store::{self, ChatChanges};
use actix_web::web::{Data, Json};
use shared_web::body_limits::MAX_BODY_BYTES;
use shared_web::caller::Identity;
use shared_web::input::{Fields, FromFields, Input, Invalid};
use shared_web::openapi::ErrorResponses;
use utoipa::ToSchema;

/// What changes of a chat; what is left out stays.
#[derive(Debug, ToSchema)]
pub struct ChatUpdate {
    /// 1 to 200 characters
    #[schema(value_type = String, required = false, min_length = 1, max_length = 200, example = "Banyans")]
    name: Option<Name>,
    /// What kind of chat it is
    #[schema(value_type = ChatType, required = false)]
    chat_type: Option<ChatType>,
    /// False archives the chat
    #[schema(value_type = bool, required = false)]
    active: Option<bool>,
}

impl FromFields for ChatUpdate {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        let name = fields.if_present("name");
        let chat_type = fields.if_present("chat_type");
        let active = fields.if_present("active");
        Ok(Self { name: name?, chat_type: chat_type?, active: active? })
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_body(MAX_BODY_BYTES);
    Error::ChatNotFound
}

/// Change a chat
///
/// A body without any of the fields changes nothing, the time of the last change included.
#[utoipa::path(
    put, path = "/api/v1/chats/update-chat/{chat_id}", tag = "chats", params(ChatPath),
    request_body = ChatUpdate,
    responses(
        (status = 200, description = "The chat", body = ChatView),
        Errors
    )
)]
pub async fn update_chat(
    identity: Identity,
    state: Data<State>,
    Input { path, body, .. }: Input<ChatPath, (), ChatUpdate>,
) -> Result<Json<ChatView>, Error> {
    let (caller, id) = (identity.user_id, path.chat_id);
    let ChatUpdate { name, chat_type, active } = body;
    if name.is_none() && chat_type.is_none() && active.is_none() {
        return Ok(Json(own_chat(&state, caller, id).await?.into()));
    }
    let changes = ChatChanges { name: name.map(Name::into_string), chat_type, active };
    let _lock = state.chat_locks.lock(id).await?;
    let chat = store::update_chat(&state.store, caller, id, &changes, &state.clock).await?;
    Ok(Json(chat.ok_or(Error::ChatNotFound)?.into()))
}
