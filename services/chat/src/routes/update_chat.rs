//! `PUT /chats/update-chat/{chat_id}`

use super::chat_view::{ChatPath, ChatView};
use super::get_chat::own_chat;
use crate::domain::{ChatType, Name};
use crate::error::Error;
use crate::state::State;
use crate::store::{self, Chat, ChatChanges};
use actix_web::web::{Data, Json};
use shared::identity::Identity;
use shared::ids::{ChatId, UserId};
use shared::input::{Fields, FromFields, Input, Invalid, MAX_BODY_BYTES};
use shared::openapi::ErrorResponses;
use shared::problem::Problem;
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

shared::error_responses! {
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
) -> Result<Json<ChatView>, Problem> {
    Ok(Json(update(&state, identity.user_id, path.chat_id, body).await?.into()))
}

async fn update(state: &State, caller: UserId, id: ChatId, update: ChatUpdate) -> Result<Chat, Error> {
    let ChatUpdate { name, chat_type, active } = update;
    if name.is_none() && chat_type.is_none() && active.is_none() {
        return own_chat(state, caller, id).await;
    }
    let name = name.map(Name::into_string);
    let _turn = state.rows.lock(id).await?;
    let changes = ChatChanges { name, chat_type, active };
    store::update_chat(&state.store, caller, id, &changes, &state.clock).await?.ok_or(Error::ChatNotFound)
}
