//! `POST /internal/lines/place` and `GET /internal/lines/{branch_id}/messages`, for the answer service.

use super::answer_service::AnswerService;
use super::get_messages::LineCursor;
use super::message_view::{MessageFields, MessageView};
use crate::domain::{ExpectedHead, ForkPoint, Order};
use crate::error::Error;
use crate::state::{State, as_branch};
use crate::store::{LinePlace, LineRequest, PlaceRequest};
use actix_web::web::{Data, Json};
use serde::Serialize;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared::validation::{Reason, TextField};
use shared_web::context::Context;
use shared_web::input::{Body, Input};
use shared_web::page::{Limit, Page, WrittenPage};
use shared_web::telemetry::Trace;
use std::fmt;
use utoipa::ToSchema;

shared_web::request! {
    /// Where a message to come shall go.
    pub struct PlaceQuestion in body {
        /// The owner
        required owner: UserId,
        /// A chat's id, or a branch's
        required chat_id: BranchId,
        /// The branch it goes to; left out, the one that `chat_id` names, or the chat's active branch
        optional branch_id: BranchId,
        /// The response that it follows, null for one before the first; left out, the head
        nullable parent_response_id: ResponseId as ForkPoint,
        /// The head that the client has seen, null where it saw an empty line; left out, nothing is checked
        nullable expected_head: ResponseId as ExpectedHead,
    }
}

/// The place of a message to come.
#[derive(Debug, Serialize)]
pub struct PlaceView {
    chat_id: ChatId,
    branch_id: BranchId,
    /// Null before the first message.
    parent_response_id: Option<ResponseId>,
    /// That of the parent, or 0.
    depth: i64,
    /// Whether the parent is the head of the branch now.
    is_head: bool,
}

impl From<LinePlace> for PlaceView {
    fn from(place: LinePlace) -> Self {
        Self {
            chat_id: place.chat,
            branch_id: place.branch,
            parent_response_id: place.parent,
            depth: place.depth,
            is_head: place.is_head,
        }
    }
}

/// Finds the place of a message to come.
#[utoipa::path(post, path = "/internal/lines/place", request_body = PlaceQuestion)]
pub async fn place(
    _: AnswerService,
    state: Data<State>,
    trace: Trace,
    Input { body, .. }: Body<PlaceQuestion>,
) -> Result<Json<PlaceView>, Error> {
    let request = PlaceRequest {
        owner: body.owner,
        target: body.chat_id,
        branch: body.branch_id,
        parent: body.parent_response_id,
        expected_head: body.expected_head,
    };
    let place = || state.store.place_on_line(&request);
    Ok(Json(state.with_trunk(request.owner, request.target, &trace, place).await?.into()))
}

shared_web::request! {
    /// Which line.
    pub struct LinePath in path {
        /// The branch
        required branch_id: BranchId,
    }
}

shared_web::request! {
    /// Whose line, and which part of it.
    pub struct LineDownQuery in paged_query {
        /// The owner
        required owner: UserId,
        /// The depth at which the page begins, downwards
        required depth: Depth,
        /// How many messages at most; left out 50, and more than 200 is taken as 200
        optional limit: Limit,
    }
}

/// A depth of a line, or 0 for before the first message.
#[derive(Debug, Clone, Copy, ToSchema)]
struct Depth(i64);

impl TextField for Depth {
    fn parse(text: String) -> Result<Self, Reason> {
        let depth = text.parse().ok().filter(|depth| *depth >= 0).map(Self);
        depth.ok_or_else(|| Reason::new("int_parsing", "Input should be a valid integer from 0 on"))
    }
}

impl fmt::Display for Depth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Reads a line from a depth downwards, with the items of each message. It costs the same wherever that is.
#[utoipa::path(get, path = "/internal/lines/{branch_id}/messages", params(LinePath, LineDownQuery))]
pub async fn get_messages(
    _: AnswerService,
    state: Data<State>,
    context: Data<Context>,
    Input { path, query, .. }: Input<LinePath, LineDownQuery, ()>,
) -> Result<WrittenPage, Error> {
    let request = LineRequest {
        owner: query.owner,
        target: path.branch_id,
        branch: Some(path.branch_id),
        order: Order::Desc,
        start: None,
        from_depth: Some(query.depth.0),
        limit: query.limit.unwrap_or_default().get(),
    };
    let page = state.store.read_page(&request).await.map_err(as_branch)?.messages;
    let (items, memory) = (page.items, page.memory);
    let page = Page::new(&query, items, None::<&LineCursor>);
    let page = page.map(|message| MessageView::with(Some(MessageFields::Items), message));
    Ok(page.write(&context.bodies, memory).await?)
}
