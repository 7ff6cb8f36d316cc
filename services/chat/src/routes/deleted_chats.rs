//! `GET /chats/deleted-chats`

use crate::domain::Name;
use crate::error::Error;
use crate::state::State;
use crate::store::{self, DeletedChat};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::ids::ChatId;
use shared_web::caller::Identity;
use shared_web::input::{Input, Query, with_example};
use shared_web::openapi::UserErrors;
use shared_web::page::{Cursor, Limit, Page, TimeKey};
use shared_web::telemetry::Trace;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema as _, ToSchema};

/// A chat without a branch beside its trunk.
const TRUNK_ALONE: u32 = 1;

shared_web::request! {
    /// Which part of the list.
    pub struct DeletedChatsQuery in paged_query {
        /// How many chats at most; left out 50, and more than 200 is taken as 200
        optional limit: Limit,
        /// From `X-Next-Cursor` of the page before; empty, the first page
        cursor cursor: DeletedChatsCursor,
    }
}

/// Where a page of the list begins.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct DeletedChatsCursor(TimeKey);

impl Cursor for DeletedChatsCursor {
    const KIND: &'static str = "deleted-chats";
}

/// A deleted chat that can be restored.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeletedChat)]
pub struct DeletedChatView {
    chat_id: ChatId,
    #[schema(schema_with = name_schema)]
    name: String,
    deleted_at: Timestamp,
    /// Until when it can be restored
    purge_at: Timestamp,
    /// How many branches went with it, its trunk included
    branch_count: u32,
}

fn name_schema() -> RefOr<Schema> {
    with_example(Name::schema(), "Trees of the world")
}

/// List the caller's deleted chats that can be restored, those first that were deleted last
///
/// Only a missing `X-Next-Cursor` (or `Link`) is the end.
#[utoipa::path(
    get, path = "/api/v1/chats/deleted-chats", tag = "chats", params(DeletedChatsQuery),
    responses(
        (status = 200, description = "A page of the chats", body = Vec<DeletedChatView>,
         headers(
            ("Link" = String, description = "The next page, absent on the last"),
            ("X-Next-Cursor" = String, description = "The cursor of the next page, absent on the last")
         )),
        UserErrors
    )
)]
pub async fn get_deleted_chats(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { query, .. }: Query<DeletedChatsQuery>,
) -> Result<Page<DeletedChatView>, Error> {
    let (owner, limit) = (identity.user_id, query.limit.unwrap_or_default().get());
    let after = query.cursor.map(|DeletedChatsCursor(after)| after);
    let chats = store::list_deleted_chats(&state.store, owner, after, limit, state.clock.now()).await?;
    let ids: Vec<_> = chats.iter().take(limit).map(|chat| chat.id).collect();
    let counts = state.branches.count(owner, &ids, &trace).await?;
    let page = Page::of_rows(&query, chats, limit, |chat| {
        DeletedChatsCursor(TimeKey { created_at: chat.deleted_at, id: chat.id.as_uuid() })
    });
    Ok(page.map(|DeletedChat { id, name, deleted_at, purge_at }| {
        let branch_count = counts.get(&id).copied().unwrap_or(TRUNK_ALONE);
        DeletedChatView { chat_id: id, name, deleted_at, purge_at, branch_count }
    }))
}
