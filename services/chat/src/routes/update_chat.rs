//! `PUT /chats/update-chat/{chat_id}`

use super::chat_view::{ChatPath, ChatView};
use super::get_chat::own_chat;
use crate::domain::{ChatSettings, ChatType, Instructions, ModelName, Name, Truncation};
use crate::error::Error;
use crate::state::State;
use crate::store::{self, ChatChanges};
use actix_web::web::{Data, Json};
use shared::tags::Tags;
use shared_web::body_limits::MAX_BODY_BYTES;
use shared_web::caller::Identity;
use shared_web::input::Input;
use shared_web::openapi::ErrorResponses;

shared_web::request! {
    /// What changes of a chat; what is left out stays.
    pub struct ChatUpdate in body {
        /// 1 to 200 characters
        #[schema(example = "Banyans")]
        if_present name: Name,
        /// What kind of chat it is
        #[schema(component)]
        if_present chat_type: ChatType,
        /// False archives the chat
        if_present active: bool,
        /// True pins the chat
        if_present pinned: bool,
        /// Instead of those that it has; none twice
        #[schema(example = serde_json::json!(["botany"]))]
        if_present tags: Tags,
        /// Instead of those that it has
        if_present_object settings: SettingsReplacement,
    }
}

shared_web::request! {
    /// The settings of a chat; what is left out or null is the default.
    pub struct SettingsReplacement in body {
        /// 1 to 200 characters
        #[schema(example = "banyan/echo")]
        optional model: ModelName,
        /// What the model is told before the line: at most 16 KiB
        #[schema(example = "Answer in one sentence.")]
        optional instructions: Instructions,
        /// Whether the oldest turns are left out where the line is too long for the model
        optional truncation: Truncation,
    }
}

impl From<SettingsReplacement> for ChatSettings {
    fn from(SettingsReplacement { model, instructions, truncation }: SettingsReplacement) -> Self {
        Self { model, instructions, truncation }
    }
}

impl From<ChatUpdate> for ChatChanges {
    fn from(update: ChatUpdate) -> Self {
        let ChatUpdate { name, chat_type, active, pinned, tags, settings } = update;
        let (name, settings) = (name.map(Name::into_string), settings.map(ChatSettings::from));
        Self { name, chat_type, active, pinned, tags, settings }
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
    let changes = ChatChanges::from(body);
    if changes.is_empty() {
        return Ok(Json(own_chat(&state, caller, id).await?.into()));
    }
    let _lock = state.chat_locks.acquire(id).await?;
    let chat = store::update_chat(&state.store, caller, id, changes, &state.clock).await?;
    Ok(Json(chat.ok_or(Error::ChatNotFound)?.into()))
}
