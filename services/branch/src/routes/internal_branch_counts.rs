//! `PUT /internal/branch-counts`, for the chat service.

use crate::error::Error;
use crate::state::State;
use actix_web::web::{Data, Json};
use serde::Serialize;
use shared::ids::{ChatId, UserId};
use shared::validation::{Field, Reason, Value};
use shared_web::caller::Caller;
use shared_web::input::{Body, Input};
use std::collections::HashMap;
use utoipa::ToSchema;

/// The most chats of a request.
const MAX_CHATS_PER_REQUEST: usize = 200;

shared_web::request! {
    /// Which chats.
    pub struct CountedChats in body {
        /// Their owner
        required owner: UserId,
        /// At most 200
        required chat_ids: ChatIds,
    }
}

/// The ids of chats.
#[derive(Debug, Clone, ToSchema)]
#[schema(value_type = Vec<Uuid>)]
struct ChatIds(Vec<ChatId>);

impl Field for ChatIds {
    fn parse(value: Value<'_>) -> Result<Self, Reason> {
        let ids: Option<Vec<ChatId>> = value.json().and_then(|json| serde_json::from_str(json).ok());
        let ids = ids.ok_or_else(|| Reason::value_error("these are no ids of chats"))?;
        if ids.len() > MAX_CHATS_PER_REQUEST {
            let msg = format!("List should have at most {MAX_CHATS_PER_REQUEST} items");
            return Err(Reason::new("too_long", msg));
        }
        Ok(Self(ids))
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
    let CountedChats { owner, chat_ids: ChatIds(chats) } = body;
    Ok(Json(BranchCounts { branch_counts: state.store.count_branches(owner, &chats).await? }))
}
