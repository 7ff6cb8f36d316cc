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
use shared_web::input::{Fields, FromFields, Input, Invalid, Query};
use shared_web::openapi::ErrorResponses;
use shared_web::page;
use shared_web::page::{Cursor, Limit, Page, PagedQuery, Parameters, foreign_cursor};
use shared_web::problem::Problem;
use shared_web::telemetry::Trace;
use utoipa::IntoParams;

/// The most lookups of the active branch, if the one found is deleted meanwhile.
const MAX_ATTEMPTS: usize = 3;

/// Which line, and which part of it.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LineQuery {
    /// A chat's id, or a branch's
    #[param(value_type = Uuid)]
    chat_id: BranchId,
    /// The branch to read; left out, the one that `chat_id` names, or the chat's active branch
    #[param(value_type = Option<Uuid>)]
    branch_id: Option<BranchId>,
    /// How many messages at most; left out 50, and more than 200 is taken as 200
    #[param(value_type = Option<i64>, minimum = 1)]
    limit: Option<Limit>,
    /// From `X-Next-Cursor` of the page before; stays on its branch; empty, the first page
    #[param(value_type = Option<String>)]
    cursor: Option<LineCursor>,
    /// `desc` for the newest first, as when it is left out; `asc` for the oldest
    #[param(value_type = Option<Order>, inline)]
    order: Option<Order>,
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

impl FromFields for LineQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        let chat_id = fields.required("chat_id");
        let branch_id = fields.optional("branch_id");
        let limit = fields.optional("limit");
        let cursor = page::cursor::<LineCursor>(fields);
        let order = fields.optional("order");
        let (branch_id, order, cursor) = (branch_id?, order?, cursor?);
        let of_another = |cursor: &LineCursor| {
            branch_id.is_some_and(|branch| branch != cursor.branch)
                || order.unwrap_or_default() != cursor.order
        };
        if cursor.as_ref().is_some_and(of_another) {
            return Err(fields.reject("cursor", foreign_cursor()));
        }
        Ok(Self { chat_id: chat_id?, branch_id, limit: limit?, cursor, order })
    }
}

impl PagedQuery for LineQuery {
    fn parameters(&self) -> Parameters {
        Parameters::default()
            .with("chat_id", Some(self.chat_id))
            .with("branch_id", self.branch_id)
            .with("limit", self.limit)
            .with("order", self.order.map(Order::name))
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
) -> Result<impl Responder, Problem> {
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
