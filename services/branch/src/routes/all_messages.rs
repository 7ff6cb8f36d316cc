//! `GET /messages/all-messages`

use super::cursor_time::is_possible;
use super::message_view::MessageView;
use crate::error::Error;
use crate::state::State;
use crate::store::TimePosition;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use shared_web::caller::Identity;
use shared_web::context::Context;
use shared_web::input::{Input, Query};
use shared_web::openapi::UserErrors;
use shared_web::page::{Cursor, Limit, Page, WrittenPage, foreign_cursor};

shared_web::request! {
    /// Which part of the list.
    pub struct ListQuery in paged_query {
        /// How many messages at most; left out 50, and more than 200 is taken as 200
        optional limit: Limit,
        /// From `X-Next-Cursor` of the page before; empty, the first page
        cursor cursor: ListCursor,
    }
    check cursor(cursor): cursor.is_none_or(|ListCursor(place)| is_possible(place.created_at)), or foreign_cursor();
}

/// Where a page of the list begins.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ListCursor(TimePosition);

impl Cursor for ListCursor {
    const KIND: &'static str = "all-messages";
}

/// List the caller's own messages in all chats, newest first
///
/// A page may be short; only a missing `X-Next-Cursor` (or `Link`) is the end.
#[utoipa::path(
    get, path = "/api/v1/messages/all-messages", tag = "messages", params(ListQuery),
    responses(
        (status = 200, description = "A page of the messages", body = Vec<MessageView>,
         headers(
            ("Link" = String, description = "The next page, absent on the last"),
            ("X-Next-Cursor" = String, description = "The cursor of the next page, absent on the last")
         )),
        UserErrors
    )
)]
pub async fn get_all_messages(
    identity: Identity,
    state: Data<State>,
    context: Data<Context>,
    Input { query, .. }: Query<ListQuery>,
) -> Result<WrittenPage, Error> {
    let after = query.cursor.map(|ListCursor(place)| place);
    let limit = query.limit.unwrap_or_default().get();
    let page = state.store.list_messages(identity.user_id, after, limit).await?;
    let next = page.next.map(ListCursor);
    let (page, memory) = (Page::new(&query, page.items, next.as_ref()).map(MessageView::from), page.memory);
    Ok(page.write(&context.bodies, memory).await?)
}
