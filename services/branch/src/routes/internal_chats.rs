//! `GET /internal/chats/{chat_id}/branch` and `DELETE /internal/chats/{chat_id}`, for the chat service.

use crate::error::Error;
use crate::state::State;
use crate::store::{BranchWithActive, Lookup};
use actix_web::web::{Data, Json};
use serde::Serialize;
use shared::ids::{BranchId, ChatId, UserId};
use shared_web::caller::Caller;
use shared_web::input::Input;
use shared_web::openapi::Msg;

shared_web::request! {
    /// Which chat.
    pub struct ChatPath in path {
        /// The chat
        pub required chat_id: ChatId,
    }
}

shared_web::request! {
    /// The owner of the chat, which the chat service has checked.
    pub struct OwnerQuery in query {
        /// The owner
        required owner: UserId,
    }
}

shared_web::request! {
    /// The owner of the chat, and the branch in question.
    pub struct BranchQuery in query {
        /// The owner
        required owner: UserId,
        /// The branch; left out, the active one
        optional branch_id: BranchId,
    }
}

/// A branch of the chat.
#[derive(Debug, Serialize)]
pub struct BranchOfChat {
    branch_id: BranchId,
}

/// Returns a chat's active branch, or a named one if it is the chat's.
#[utoipa::path(get, path = "/internal/chats/{chat_id}/branch", params(ChatPath, BranchQuery))]
pub async fn get_branch(
    _: Caller,
    state: Data<State>,
    Input { path, query, .. }: Input<ChatPath, BranchQuery, ()>,
) -> Result<Json<BranchOfChat>, Error> {
    let branch_id = find(&state, path.chat_id, &query).await?.ok_or(Error::BranchNotFound)?;
    Ok(Json(BranchOfChat { branch_id }))
}

async fn find(state: &State, chat: ChatId, query: &BranchQuery) -> Result<Option<BranchId>, Error> {
    let trunk = match state.store.look_up(query.owner, chat.trunk()).await? {
        Lookup::Found(trunk) => Some(*trunk).filter(|trunk| trunk.branch.is_trunk()),
        Lookup::Hidden => None,
        // Nothing is written to this chat yet, so that it has only its trunk. The chat service knows that it exists.
        Lookup::Unknown => {
            return Ok(Some(chat.trunk()).filter(|trunk| query.branch_id.is_none_or(|named| named == *trunk)));
        }
    };
    let Some(BranchWithActive { active, .. }) = trunk else { return Ok(None) };
    let Some(named) = query.branch_id else { return Ok(Some(active)) };
    match state.store.look_up(query.owner, named).await? {
        Lookup::Found(node) if node.branch.chat == chat => Ok(Some(named)),
        Lookup::Found(_) | Lookup::Hidden | Lookup::Unknown => Ok(None),
    }
}

/// Deletes a chat with all that is in it for good. Idempotent.
#[utoipa::path(delete, path = "/internal/chats/{chat_id}", params(ChatPath, OwnerQuery))]
pub async fn delete_chat(
    _: Caller,
    state: Data<State>,
    Input { path, query, .. }: Input<ChatPath, OwnerQuery, ()>,
) -> Result<Json<Msg>, Error> {
    state.store.delete_chat(query.owner, path.chat_id).await?;
    state.sweeper.wake();
    Ok(Json(Msg { msg: "Chat deleted" }))
}
