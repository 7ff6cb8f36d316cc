//! `PUT /internal/branch-counts`, for the chat service.

use super::id_list::IdList;
use crate::error::Error;
use crate::state::State;
use actix_web::web::{Data, Json};
use serde::Serialize;
use shared::ids::{ChatId, UserId};
use shared_web::caller::Caller;
use shared_web::input::{Body, Input};
use std::collections::HashMap;

shared_web::request! {
    /// Which chats.
    pub struct CountedChats in body {
        /// Their owner
        required owner: UserId,
        /// At most 200
        required chat_ids: IdList<ChatId>,
    }
}

/// The branches of chats.
#[derive(Debug, Serialize)]
pub struct BranchCounts {
    branch_counts: HashMap<ChatId, i64>,
}

/// Counts the branches that a deletion of each chat takes, the trunk included. Chats that are not known are left out.
#[utoipa::path(put, path = "/internal/branch-counts")]
pub async fn count_branches(
    _: Caller,
    state: Data<State>,
    Input { body, .. }: Body<CountedChats>,
) -> Result<Json<BranchCounts>, Error> {
    let CountedChats { owner, chat_ids: IdList(chats) } = body;
    Ok(Json(BranchCounts { branch_counts: state.store.count_branches(owner, &chats).await? }))
}
