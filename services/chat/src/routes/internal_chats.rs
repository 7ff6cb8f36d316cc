//! `GET /internal/chats/{chat_id}`, for the branch service, which keeps the answer.

use super::chat_view::ChatPath;
use crate::error::Error;
use crate::state::State;
use crate::store;
use actix_web::web::{Data, Json};
use serde::Serialize;
use shared::clock::Timestamp;
use shared::ids::{ChatId, UserId};
use shared_web::caller::Caller;
use shared_web::input::{Input, Path};

/// A chat, as `/internal/chats` returns it to other services.
#[derive(Debug, Serialize)]
pub struct InternalChat {
    chat_id: ChatId,
    account_id: UserId,
    created_at: Timestamp,
    deleted: bool,
    /// Until when it can be restored; null where it is not deleted, or for good.
    purge_at: Option<Timestamp>,
    /// The number of its state, as `/internal/chats/{chat_id}/state` of the branch service is told.
    state_number: i64,
}

/// Returns the owner of a chat, and for a day after its deletion (or for `UNDO_WINDOW`, where that is longer) that it is deleted.
#[utoipa::path(get, path = "/internal/chats/{chat_id}", params(ChatPath))]
pub async fn get_chat(
    _: Caller,
    state: Data<State>,
    Input { path, .. }: Path<ChatPath>,
) -> Result<Json<InternalChat>, Error> {
    let chat = store::find_any_chat(&state.store, path.chat_id).await?;
    let chat = chat.ok_or(Error::ChatNotFound)?;
    Ok(Json(InternalChat {
        chat_id: chat.id,
        account_id: chat.account_id,
        created_at: chat.created_at,
        deleted: chat.deleted_at.is_some(),
        purge_at: chat.purge_at,
        state_number: chat.state_number,
    }))
}
