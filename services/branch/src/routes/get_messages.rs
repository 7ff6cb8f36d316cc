//! `GET /messages/get-messages`

use super::message_view::{MessageFields, MessageView};
use crate::domain::{Message, Order};
use crate::error::Error;
use crate::state::State;
use crate::store::{LinePage, LinePosition, LineRequest, MessagePage, Position};
use actix_web::Responder;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use shared::ids::{BranchId, ChatId};
use shared_web::caller::Identity;
use shared_web::context::Context;
use shared_web::input::{Input, PositiveInteger, Query};
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
        /// The depth at which the first page begins; with it the pages link back, too. Beside a cursor it is the one that the walk
        /// began with, or left out
        optional from_depth: PositiveInteger,
        /// `items` for `input_items` and `output_items` of each message, too
        optional fields: MessageFields,
    }
    check cursor(branch_id, order, from_depth, cursor): cursor.is_none_or(|cursor| cursor.is_of(*branch_id, *order, *from_depth)),
        or foreign_cursor();
}

/// Where a page of a line begins.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct LineCursor {
    chat: ChatId,
    branch: BranchId,
    /// That of the walk, also where the page before is meant.
    order: Order,
    start: Position,
    /// The depth at which the walk was begun, if one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from_depth: Option<i64>,
    /// Whether `start` is the last message of a page, not the first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_back: bool,
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
    /// Whether it is of a query with these parameters.
    fn is_of(
        &self,
        branch: Option<BranchId>,
        order: Option<Order>,
        from_depth: Option<PositiveInteger>,
    ) -> bool {
        branch.is_none_or(|branch| branch == self.branch)
            && order.unwrap_or_default() == self.order
            && from_depth.is_none_or(|depth| Some(depth.get()) == self.from_depth)
    }
}

/// A walk along a line, of which a query reads a page.
struct Walk {
    order: Order,
    from_depth: Option<i64>,
    /// Whether the page is read backwards, from its last message on, so that it ends beside the page that links to it also where the
    /// texts shorten it.
    is_back: bool,
}

impl Walk {
    fn of(query: &LineQuery) -> Self {
        let began_at = query.cursor.and_then(|cursor| cursor.from_depth);
        Self {
            order: query.order.unwrap_or_default(),
            from_depth: began_at.or(query.from_depth.map(PositiveInteger::get)),
            is_back: query.cursor.is_some_and(|cursor| cursor.is_back),
        }
    }

    fn order_of_read(&self) -> Order {
        if self.is_back { self.order.reversed() } else { self.order }
    }

    /// The messages in the order of the walk, and the cursors of the pages after and before.
    fn turn(
        &self,
        items: &mut [Message],
        next: Option<LinePosition>,
        previous: Option<LinePosition>,
    ) -> (Option<LineCursor>, Option<LineCursor>) {
        let (next, previous) = if self.is_back {
            items.reverse();
            (previous, next)
        } else {
            (next, previous)
        };
        (next.map(|next| self.cursor(next, false)), previous.map(|previous| self.cursor(previous, true)))
    }

    fn cursor(&self, LinePosition { chat, branch, position }: LinePosition, is_back: bool) -> LineCursor {
        let &Self { order, from_depth, .. } = self;
        LineCursor { chat, branch, order, start: position, from_depth, is_back }
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::ChatNotFound, Error::BranchNotFound
}

/// Read a whole line, inherited messages included, page by page
///
/// A page may be short; only a missing `X-Next-Cursor` (or `Link` to a next page) is the end.
#[utoipa::path(
    get, path = "/api/v1/messages/get-messages", tag = "messages", params(LineQuery),
    responses(
        (status = 200, description = "A page of the line", body = Vec<MessageView>,
         headers(
            ("Link" = String, description = "The next page, absent on the last; with `from_depth` also the page before"),
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
    let walk = Walk::of(&query);
    let request = LineRequest {
        owner: identity.user_id,
        target: query.chat_id,
        branch: query.branch_id,
        order: walk.order_of_read(),
        start: query.cursor.map(LinePosition::from),
        from_depth: walk.from_depth,
        limit: query.limit.unwrap_or_default().get(),
    };
    let read = || state.store.read_page(&request);
    let LinePage { branch, messages: page } =
        state.with_trunk(request.owner, request.target, &trace, read).await?;
    let MessagePage { mut items, next, previous, memory } = page;
    let (next, previous) = walk.turn(&mut items, next, previous);
    let page = Page::new(&query, items, next.as_ref()).with_previous(previous.as_ref());
    let view = |message| MessageView::with(query.fields, message);
    let page = page.map(view).write(&context.bodies, memory).await?;
    Ok(page.customize().insert_header(("X-Branch-Id", branch.to_string())))
}
