//! `GET /messages/get-messages`

use super::message_view::MessageView;
use crate::domain::Order;
use crate::error::Error;
use crate::state::State;
use crate::store::{LinePage, LinePosition, LineRequest, Position};
use actix_web::Responder;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use shared::ids::{BranchId, ChatId};
use shared_web::caller::Identity;
use shared_web::context::Context;
use shared_web::input::{Input, Query};
use shared_web::openapi::ErrorResponses;
use shared_web::page::{Cursor, Limit, Page, foreign_cursor};
use shared_web::telemetry::Trace;

shared_web::request! {
    /// Which line, and which part of it.
    pub struct LineQuery in paged_query {
        /// A chat's id, or a branch's
        required chat_id: BranchId,
        /// The branch to read; left out, the one that `chat_id` names, or the chat's active branch
        optional branch_id: BranchId,
        /// How many messages at most; left out 50, and more than 200 is taken as 200
        optional limit: Limit,
        /// From `X-Next-Cursor` of the page before; stays on its branch; empty, the first page
        cursor cursor: LineCursor,
        /// `desc` for the newest first, as when it is left out; `asc` for the oldest
        optional order: Order,
    }
    check cursor(branch_id, order, cursor): cursor.is_none_or(|cursor| cursor.is_of(*branch_id, *order)), or foreign_cursor();
}

/// Where a page of a line begins.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct LineCursor {
    chat: ChatId,
    branch: BranchId,
    order: Order,
    start: Position,
}

impl Cursor for LineCursor {
    const KIND: &'static str = "line";
}

impl From<LineCursor> for LinePosition {
    fn from(LineCursor { chat, branch, start, .. }: LineCursor) -> Self {
        Self { chat, branch, position: start }
    }
}

impl LineCursor {
    fn new(LinePosition { chat, branch, position }: LinePosition, order: Order) -> Self {
        Self { chat, branch, order, start: position }
    }

    /// Whether it is of a query with this branch and this order.
    fn is_of(&self, branch: Option<BranchId>, order: Option<Order>) -> bool {
        branch.is_none_or(|branch| branch == self.branch) && order.unwrap_or_default() == self.order
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::ChatNotFound, Error::BranchNotFound
}

/// Read a whole line, inherited messages included, page by page
///
/// A page may be short; only a missing `X-Next-Cursor` (or `Link`) is the end.
#[utoipa::path(
    get, path = "/api/v1/messages/get-messages", tag = "messages", params(LineQuery),
    responses(
        (status = 200, description = "A page of the line", body = Vec<MessageView>,
         headers(
            ("Link" = String, description = "The next page, absent on the last"),
            ("X-Next-Cursor" = String, description = "The cursor of the next page, absent on the last"),
            ("X-Branch-Id" = String, description = "The branch that was read")
         )),
        Errors
    )
)]
pub async fn get_messages(
    identity: Identity,
    state: Data<State>,
    context: Data<Context>,
    trace: Trace,
    Input { query, .. }: Query<LineQuery>,
) -> Result<impl Responder, Error> {
    let request = LineRequest {
        owner: identity.user_id,
        target: query.chat_id,
        branch: query.branch_id,
        order: query.order.unwrap_or_default(),
        start: query.cursor.map(LinePosition::from),
        limit: query.limit.unwrap_or_default().get(),
    };
    let read = || state.store.read_page(&request);
    let LinePage { branch, messages: page } =
        state.with_trunk(request.owner, request.target, &trace, read).await?;
    let next = page.next.map(|next| LineCursor::new(next, request.order));
    let (page, memory) = (Page::new(&query, page.items, next.as_ref()).map(MessageView::from), page.memory);
    let page = page.write(&context.bodies, memory).await?;
    Ok(page.customize().insert_header(("X-Branch-Id", branch.to_string())))
}
