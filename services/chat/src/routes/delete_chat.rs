//! `DELETE /chats/delete-chat/{chat_id}`

use super::chat_view::ChatPath;
use crate::error::Error;
use crate::state::State;
use crate::store::{self, Deletion};
use actix_web::web::{Data, Json};
use shared_web::caller::Identity;
use shared_web::input::Input;
use shared_web::openapi::{ErrorResponses, Msg};
use shared_web::telemetry::Trace;

shared_web::request! {
    /// Whether there is a way back.
    pub struct DeleteChatQuery in query {
        /// True destroys it at once, also where it is deleted and can be restored; left out, it can be restored for a day (`UNDO_WINDOW`)
        optional permanent: bool = false,
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::ChatNotFound
}

/// Delete a chat with all that is in it
///
/// Its branches, messages and conversation records go along. restore-chat brings them back, as long as deleted-chats lists the chat.
#[utoipa::path(
    delete, path = "/api/v1/chats/delete-chat/{chat_id}", tag = "chats", params(ChatPath, DeleteChatQuery),
    responses(
        (status = 200, description = "The chat is gone; its messages follow within 30 seconds", body = Msg),
        Errors
    )
)]
pub async fn delete_chat(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { path, query, .. }: Input<ChatPath, DeleteChatQuery, ()>,
) -> Result<Json<Msg>, Error> {
    let lock = state.chat_locks.acquire(path.chat_id).await?;
    let deletion = Deletion {
        owner: identity.user_id,
        chat: path.chat_id,
        window: (!query.permanent).then_some(state.undo_window),
        audience: state.audience,
    };
    let deliveries = store::delete_chat(&state.store, deletion, &trace, &state.clock).await?;
    drop(lock);
    if deliveries.is_empty() {
        return Err(Error::ChatNotFound);
    }
    state.relay.deliver_now(deliveries, &trace.context).await;
    Ok(Json(Msg { msg: "Chat deleted" }))
}
