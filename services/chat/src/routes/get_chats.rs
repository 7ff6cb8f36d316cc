//! `GET /chats/get-chat`

use super::chat_view::ChatView;
use crate::domain::{ChatOrder, NamePart};
use crate::error::Error;
use crate::state::State;
use crate::store::{self, ChatFilter, ChatPosition};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::ids::ChatId;
use shared::tags::Tag;
use shared_web::caller::Identity;
use shared_web::input::{Input, Query};
use shared_web::openapi::UserErrors;
use shared_web::page::{Cursor, Limit, Page, foreign_cursor};

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
        /// `created` for the newest first, as when it is left out; `activity` for those first in which something was said last
        optional order: ChatOrder,
    }
    check cursor(order, cursor): cursor.is_none_or(|cursor| cursor.order == order.unwrap_or_default()), or foreign_cursor();
}

/// The chat after which a page of the list begins.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ListCursor {
    /// The time by which the list is ordered.
    #[serde(rename = "created_at")]
    time: Timestamp,
    id: ChatId,
    #[serde(default)]
    order: ChatOrder,
}

impl From<ListCursor> for ChatPosition {
    fn from(ListCursor { time, id, .. }: ListCursor) -> Self {
        Self { time, id }
    }
}

impl Cursor for ListCursor {
    const KIND: &'static str = "chats";
}

/// List the caller's chats
///
/// They come by (`created_at`, id), newest first, or with `order=activity` by (`last_message_at` or, where that is null, `created_at`, id).
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
    let ListQuery { active, pinned, tag, q: name_part, limit, cursor, order } = &query;
    let order = order.unwrap_or_default();
    let request = store::ListRequest {
        owner: identity.user_id,
        filter: ChatFilter {
            active: *active,
            pinned: *pinned,
            tag: tag.clone(),
            name_part: name_part.clone(),
        },
        order,
        after: cursor.map(ChatPosition::from),
        limit: limit.map_or(DEFAULT_LIMIT, Limit::get),
    };
    let (chats, next) = store::list_chats(&state.store, request).await?;
    let next = next.map(|ChatPosition { time, id }| ListCursor { time, id, order });
    let page = Page::new(&query, chats, next.as_ref());
    Ok(page.map(ChatView::from))
}
