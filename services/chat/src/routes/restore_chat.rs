//! `POST /chats/restore-chat/{chat_id}`

use super::chat_view::{ChatPath, ChatView};
use crate::error::Error;
use crate::state::State;
use crate::store;
use actix_web::web::{Data, Json};
use shared_web::caller::Identity;
use shared_web::input::{Input, Path};
use shared_web::openapi::ErrorResponses;
use shared_web::telemetry::Trace;

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::ChatNotFound
}

/// Restore a deleted chat
///
/// Its branches, messages and conversation records come back with it, those aside that were deleted before it. A chat that is not deleted
/// is answered as it is.
#[utoipa::path(
    post, path = "/api/v1/chats/restore-chat/{chat_id}", tag = "chats", params(ChatPath),
    responses(
        (status = 200, description = "The chat; its messages are there within 30 seconds", body = ChatView),
        Errors
    )
)]
pub async fn restore_chat(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { path, .. }: Path<ChatPath>,
) -> Result<Json<ChatView>, Error> {
    let lock = state.chat_locks.acquire(path.chat_id).await?;
    let State { store, audience, clock, .. } = &**state;
    let restored =
        store::restore_chat(store, identity.user_id, path.chat_id, *audience, &trace, clock).await?;
    drop(lock);
    let (chat, deliveries) = restored.ok_or(Error::ChatNotFound)?;
    state.relay.deliver_now(deliveries, &trace.context).await;
    Ok(Json(chat.into()))
}
