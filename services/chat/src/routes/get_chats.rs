//! `GET /chats/get-chat`

use super::chat_view::ChatView;
use crate::domain::{ChatOrder, NamePart};
use crate::error::Error;
use crate::state::State;
use crate::store::{self, ChatFilter, ChatPosition};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use shared::tags::Tag;
use shared_web::caller::Identity;
use shared_web::input::{Input, Query};
use shared_web::openapi::UserErrors;
use shared_web::page::{Cursor, Limit, Page, TimeKey};

/// The size of a page where the client does not say: older clients do not page.
const DEFAULT_LIMIT: usize = 1000;

shared_web::request! {
    /// Which chats, and which part of the list.
    pub struct ListQuery in paged_query {
        /// Only those that are active, or only those that are not
        optional active: bool,
        /// Only those that are pinned, or only those that are not
        optional pinned: bool,
        /// Only those with this tag; its case counts
        optional tag: Tag,
        /// Only those with this part in their name, whatever its case; no character has a meaning of its own
        optional q: NamePart,
        /// How many chats at most; left out 1000, and more than 200 is taken as 200
        optional limit: Limit,
        /// From `X-Next-Cursor` of the page before; empty, the first page
        cursor cursor: ListCursor,
    }
}

/// Where a page of the list begins.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ListCursor(TimeKey);

impl From<ListCursor> for ChatPosition {
    fn from(ListCursor(TimeKey { created_at, id }): ListCursor) -> Self {
        Self { time: created_at, id: id.into() }
    }
}

impl From<ChatPosition> for ListCursor {
    fn from(ChatPosition { time, id }: ChatPosition) -> Self {
        Self(TimeKey { created_at: time, id: id.as_uuid() })
    }
}

impl Cursor for ListCursor {
    const KIND: &'static str = "chats";
}

/// List the caller's chats, newest first
///
/// A page may be short; only a missing `X-Next-Cursor` (or `Link`) is the end.
#[utoipa::path(
    get, path = "/api/v1/chats/get-chat", tag = "chats", params(ListQuery),
    responses(
        (status = 200, description = "The chats, or a page of them", body = Vec<ChatView>,
         headers(
            ("Link" = String, description = "The next page, absent on the last"),
            ("X-Next-Cursor" = String, description = "The cursor of the next page, absent on the last")
         )),
        UserErrors
    )
)]
pub async fn get_chats(
    identity: Identity,
    state: Data<State>,
    Input { query, .. }: Query<ListQuery>,
) -> Result<Page<ChatView>, Error> {
    let ListQuery { active, pinned, tag, q: name_part, limit, cursor } = &query;
    let request = store::ListRequest {
        owner: identity.user_id,
        filter: ChatFilter {
            active: *active,
            pinned: *pinned,
            tag: tag.clone(),
            name_part: name_part.clone(),
        },
        // Once the branch service reports activity, clients choose.
        order: ChatOrder::Created,
        after: cursor.map(ChatPosition::from),
        limit: limit.map_or(DEFAULT_LIMIT, Limit::get),
    };
    let (chats, next) = store::list_chats(&state.store, request).await?;
    let page = Page::new(&query, chats, next.map(ListCursor::from).as_ref());
    Ok(page.map(ChatView::from))
}
