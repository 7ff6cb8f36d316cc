//! `GET /internal/chats/{chat_id}/fork-point` and `PUT /internal/chats/{chat_id}/fork`, for the chat service.

use super::internal_chats::ChatPath;
use crate::error::Error;
use crate::state::State;
use crate::store::{ChatForkPoint, ChatForkRequest, ForkPointRequest};
use actix_web::web::{Data, Json};
use serde::Serialize;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared_web::caller::Caller;
use shared_web::input::Input;
use shared_web::openapi::Msg;
use shared_web::telemetry::Trace;

shared_web::request! {
    /// The chat or the branch that a client names.
    pub struct SourcePath in path {
        /// A chat's id, or a branch's
        required chat_id: BranchId,
    }
}

shared_web::request! {
    /// Whose it is, and the point on its line.
    pub struct ForkPointQuery in query {
        /// The owner
        required owner: UserId,
        /// The branch on whose line the response lies; left out, the one that `chat_id` names, or any of the chat
        optional branch_id: BranchId,
        /// The response; left out, the head
        optional response_id: ResponseId,
    }
}

/// The point on a line from which a chat forks.
#[derive(Debug, Serialize)]
pub struct ForkPointView {
    /// The chat in which the response is read.
    chat_id: ChatId,
    /// The response; null for an empty line.
    response_id: Option<ResponseId>,
}

/// Resolves the ids by which a client names the point from which a chat shall fork.
#[utoipa::path(get, path = "/internal/chats/{chat_id}/fork-point", params(SourcePath, ForkPointQuery))]
pub async fn get_fork_point(
    _: Caller,
    state: Data<State>,
    trace: Trace,
    Input { path, query, .. }: Input<SourcePath, ForkPointQuery, ()>,
) -> Result<Json<ForkPointView>, Error> {
    let ForkPointQuery { owner, branch_id: branch, response_id: message } = query;
    let request = ForkPointRequest { owner, target: path.chat_id, branch, message };
    let find = || state.store.find_fork_point(&request);
    let ChatForkPoint { chat, message } = state.with_trunk(owner, path.chat_id, &trace, find).await?;
    Ok(Json(ForkPointView { chat_id: chat, response_id: message }))
}

shared_web::request! {
    /// What the new chat is, and what its line begins with.
    pub struct ChatFork in body {
        /// The owner of both chats
        required owner: UserId,
        /// When the new chat was created
        required created_at: Timestamp,
        /// The chat in which the response is read
        required source_chat_id: ChatId,
        /// The last response of the line; null for an empty one
        required_nullable response_id: ResponseId,
    }
}

/// Creates the trunk of a chat that begins with a part of a line of another, by reference. Idempotent.
#[utoipa::path(put, path = "/internal/chats/{chat_id}/fork", params(ChatPath))]
pub async fn put_fork(
    _: Caller,
    state: Data<State>,
    Input { path, body, .. }: Input<ChatPath, (), ChatFork>,
) -> Result<Json<Msg>, Error> {
    let from = ChatForkPoint { chat: body.source_chat_id, message: body.response_id };
    let request =
        ChatForkRequest { chat: path.chat_id, owner: body.owner, created_at: body.created_at, from };
    state.store.fork_chat(&request).await?;
    Ok(Json(Msg { msg: "Chat forked" }))
}
