//! `GET /messages/all-messages`

use super::cursor_time::is_possible;
use super::message_view::MessageView;
use crate::domain::Order;
use crate::error::Error;
use crate::state::State;
use crate::store::{ListRequest, TimePosition};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::ids::{BranchId, ResponseId};
use shared_web::caller::Identity;
use shared_web::context::Context;
use shared_web::input::{Input, Query};
use shared_web::openapi::ErrorResponses;
use shared_web::page::{Cursor, Limit, Page, WrittenPage, foreign_cursor};
use shared_web::telemetry::Trace;

shared_web::request! {
    /// Which messages, and which part of the list.
    pub struct ListQuery in paged_query {
        /// A chat's id, or a branch's, which stands for its chat; left out, all chats
        optional chat_id: BranchId,
        /// How many messages at most; left out 50, and more than 200 is taken as 200
        optional limit: Limit,
        /// From `X-Next-Cursor` of the page before; empty, the first page
        cursor cursor: ListCursor,
        /// `desc` for the newest first, as when it is left out; `asc` for the oldest
        optional order: Order,
    }
    check cursor(chat_id, order, cursor): cursor.is_none_or(|cursor| cursor.is_of(*chat_id, *order)), or foreign_cursor();
}

/// The message after which a page of the list begins.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ListCursor {
    created_at: Timestamp,
    id: ResponseId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chat: Option<BranchId>,
    #[serde(default)]
    order: Order,
}

impl Cursor for ListCursor {
    const KIND: &'static str = "all-messages";
}

impl From<ListCursor> for TimePosition {
    fn from(ListCursor { created_at, id, .. }: ListCursor) -> Self {
        Self { created_at, id }
    }
}

impl ListCursor {
    /// Whether it is of a query with these parameters.
    fn is_of(&self, chat: Option<BranchId>, order: Option<Order>) -> bool {
        chat == self.chat && order.unwrap_or_default() == self.order && is_possible(self.created_at)
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::ChatNotFound
}

/// List the caller's own messages, in all chats or in one
///
/// They come by time, newest first unless `order` says otherwise; those of one chat are of all its branches, each once. A page may be
/// short; only a missing `X-Next-Cursor` (or `Link`) is the end.
#[utoipa::path(
    get, path = "/api/v1/messages/all-messages", tag = "messages", params(ListQuery),
    responses(
        (status = 200, description = "A page of the messages", body = Vec<MessageView>,
         headers(
            ("Link" = String, description = "The next page, absent on the last"),
            ("X-Next-Cursor" = String, description = "The cursor of the next page, absent on the last")
         )),
        Errors
    )
)]
pub async fn get_all_messages(
    identity: Identity,
    state: Data<State>,
    context: Data<Context>,
    trace: Trace,
    Input { query, .. }: Query<ListQuery>,
) -> Result<WrittenPage, Error> {
    let (owner, target) = (identity.user_id, query.chat_id);
    let order = query.order.unwrap_or_default();
    let after = query.cursor.map(TimePosition::from);
    let request = ListRequest { owner, target, order, after, limit: query.limit.unwrap_or_default().get() };
    let list = || state.store.list_messages(&request);
    let page = match target {
        None => list().await?,
        Some(chat) => state.with_trunk(owner, chat, &trace, list).await?,
    };
    let next =
        page.next.map(|TimePosition { created_at, id }| ListCursor { created_at, id, chat: target, order });
    let (page, memory) = (Page::new(&query, page.items, next.as_ref()).map(MessageView::from), page.memory);
    Ok(page.write(&context.bodies, memory).await?)
}
