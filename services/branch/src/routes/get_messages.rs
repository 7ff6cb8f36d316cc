//! `GET /messages/get-messages`

use super::message_view::MessageView;
use crate::domain::Order;
use crate::error::Error;
use crate::state::State;
use crate::store::{MessagePage, PageRequest, Position};
use actix_web::Responder;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use shared::ids::{BranchId, ChatId, UserId};
use shared_web::caller::Identity;
use shared_web::context::Context;
use shared_web::input::{Input, Query};
use shared_web::openapi::ErrorResponses;
use shared_web::page::{Cursor, Limit, Page, foreign_cursor};
use shared_web::telemetry::Trace;

/// The most lookups of the active branch, if the one found is deleted meanwhile.
const MAX_ATTEMPTS: usize = 3;

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

impl LineCursor {
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
    let (line, page) = read(&state, identity.user_id, &query, &trace).await?;
    let PageRequest { chat, branch, order, .. } = line;
    let next = page.next.map(|start| LineCursor { chat, branch, order, start });
    let (page, memory) = (Page::new(&query, page.items, next.as_ref()).map(MessageView::from), page.memory);
    let page = page.write(&context.bodies, memory).await?;
    Ok(page.customize().insert_header(("X-Branch-Id", branch.to_string())))
}

async fn read(
    state: &State,
    owner: UserId,
    query: &LineQuery,
    trace: &Trace,
) -> Result<(PageRequest, MessagePage<Position>), Error> {
    let named = query.cursor.map(|cursor| cursor.branch).or(query.branch_id);
    let mut attempt = 1;
    loop {
        let target = state.resolve_chat_or_create_trunk(owner, query.chat_id, trace).await?;
        let of_another = |named: BranchId| !target.is_trunk() && named != target.branch;
        let of_another_chat = query.cursor.is_some_and(|cursor| cursor.chat != target.chat);
        if of_another_chat || (query.branch_id.is_none() && named.is_some_and(of_another)) {
            return Err(Error::BadCursor);
        }
        let branch = target.branch_for(named);
        let request = PageRequest {
            owner,
            chat: target.chat,
            branch,
            order: query.order.unwrap_or_default(),
            start: query.cursor.map(|cursor| cursor.start),
            limit: query.limit.unwrap_or_default().get(),
        };
        match state.store.read_page(&request).await {
            Err(Error::BranchNotFound) if named.is_none() && attempt < MAX_ATTEMPTS => attempt += 1,
            page => return Ok((request, page?)),
        }
    }
}
