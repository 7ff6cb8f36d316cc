//! `DELETE /chats/delete-chat/{chat_id}`

use super::chat_view::ChatPath;
use crate::error::Error;
use crate::state::State;
use crate::store;
use actix_web::web::{Data, Json};
use shared_web::caller::Identity;
use shared_web::input::{Input, Path};
use shared_web::openapi::{ErrorResponses, Msg};
use shared_web::telemetry::Trace;

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::ChatNotFound
}

/// Delete a chat with all that is in it
///
/// Its branches, messages and conversation records go along.
#[utoipa::path(
    delete, path = "/api/v1/chats/delete-chat/{chat_id}", tag = "chats", params(ChatPath),
    responses(
        (status = 200, description = "The chat is gone; its messages follow within 30 seconds", body = Msg),
        Errors
    )
)]
pub async fn delete_chat(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { path, .. }: Path<ChatPath>,
) -> Result<Json<Msg>, Error> {
    let chat = [path.chat_id];
    let lock = state.chat_locks.acquire(path.chat_id).await?;
    let deleted = store::delete_chats(&state.store, identity.user_id, &chat, &trace, state.clock.now());
    let deliveries = deleted.await?;
    drop(lock);
    if deliveries.is_empty() {
        return Err(Error::ChatNotFound);
    }
    state.relay.deliver_now(deliveries, &trace.context).await;
    Ok(Json(Msg { msg: "Chat deleted" }))
}
