//! `GET /internal/chats/{chat_id}/branch` and `DELETE /internal/chats/{chat_id}`, for the chat service.

use crate::error::Error;
use crate::state::State;
use crate::store::{BranchWithActive, Lookup};
use actix_web::web::{Data, Json};
use serde::Serialize;
use shared::ids::{BranchId, ChatId, UserId};
use shared_web::caller::Caller;
use shared_web::input::{Fields, FromFields, Input, Invalid};
use shared_web::openapi::Msg;

/// Which chat.
#[derive(Debug)]
pub struct ChatPath {
    chat_id: ChatId,
}

impl FromFields for ChatPath {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self { chat_id: fields.required("chat_id")? })
    }
}

/// The owner of the chat, which the chat service has checked.
#[derive(Debug)]
pub struct OwnerQuery {
    owner: UserId,
}

impl FromFields for OwnerQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self { owner: fields.required("owner")? })
    }
}

/// The owner of the chat, and the branch in question.
#[derive(Debug)]
pub struct BranchQuery {
    owner: UserId,
    branch_id: Option<BranchId>,
}

impl FromFields for BranchQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        let owner = fields.required("owner");
        let branch_id = fields.optional("branch_id");
        Ok(Self { owner: owner?, branch_id: branch_id? })
    }
}

/// A branch of the chat.
#[derive(Debug, Serialize)]
pub struct BranchOfChat {
    branch_id: BranchId,
}

/// Returns a chat's active branch, or a named one if it is the chat's.
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

/// Hides a chat with all that is in it. Idempotent.
pub async fn delete_chat(
    _: Caller,
    state: Data<State>,
    Input { path, query, .. }: Input<ChatPath, OwnerQuery, ()>,
) -> Result<Json<Msg>, Error> {
    state.store.delete_chat(query.owner, path.chat_id).await?;
    state.sweeper.wake();
    Ok(Json(Msg { msg: "Chat deleted" }))
}
