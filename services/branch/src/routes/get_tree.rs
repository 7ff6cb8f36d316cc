//! `GET /messages/get-tree`

use super::cursor_time::is_possible;
use crate::domain::TreePosition;
use crate::error::Error;
use crate::state::State;
use crate::store::{MessageTreeRequest, TreeEntry};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::ids::{BranchId, ResponseId};
use shared_web::caller::Identity;
use shared_web::input::{Input, Query};
use shared_web::openapi::ErrorResponses;
use shared_web::page::{Cursor, Limit, Page, foreign_cursor};
use shared_web::telemetry::Trace;
use utoipa::ToSchema;

/// The largest page, and the size where the client does not say.
const MAX_LIMIT: usize = 1_000;

shared_web::request! {
    /// Which chat, and which part of its messages.
    pub struct MessageTreeQuery in paged_query {
        /// A chat's id, or that of any of its branches
        required chat_id: BranchId,
        /// How many messages at most; left out 1,000, and more than 1,000 is taken as 1,000
        optional limit: Limit<MAX_LIMIT>,
        /// Whether each message has a `preview`; left out, it has none
        optional preview: bool,
        /// From `X-Next-Cursor` of the page before; empty, the first page
        cursor cursor: MessageTreeCursor,
    }
    check cursor(cursor): cursor.is_none_or(|MessageTreeCursor(place)| is_possible(place.branch.created_at)), or foreign_cursor();
}

/// The position after which a page of the messages of a chat begins.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct MessageTreeCursor(TreePosition);

impl Cursor for MessageTreeCursor {
    const KIND: &'static str = "get-tree";
}

/// A message without its texts.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageNode {
    response_id: ResponseId,
    /// The message before it on its line, null at depth 1
    #[schema(value_type = Option<Uuid>, required = true)]
    parent_response_id: Option<ResponseId>,
    /// The branch that owns the message
    branch_id: BranchId,
    /// The place on the line, counted from 1 without gaps
    #[schema(minimum = 1, example = 1)]
    depth: i64,
    /// Which of the messages with the same parent it is, by time and id, counted from 1
    #[schema(minimum = 1, example = 1)]
    version: i64,
    timestamp: Timestamp,
    /// The first 80 characters of the question, of the response where that is empty; only with `preview=true`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "What is a banyan?")]
    preview: Option<String>,
}

impl From<TreeEntry> for MessageNode {
    fn from(entry: TreeEntry) -> Self {
        Self {
            response_id: entry.id,
            parent_response_id: entry.parent,
            branch_id: entry.branch,
            depth: entry.depth,
            version: entry.version,
            timestamp: entry.created_at,
            preview: entry.preview,
        }
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::ChatNotFound
}

/// Read the shape of a whole chat: every message without its texts
///
/// What the chat inherits from another comes first; then they come branch by branch in the order of get-branches, and within a branch by
/// depth. A page may be short; only a missing
/// `X-Next-Cursor` (or `Link`) is the end.
#[utoipa::path(
    get, path = "/api/v1/messages/get-tree", tag = "messages", params(MessageTreeQuery),
    responses(
        (status = 200, description = "A page of the messages", body = Vec<MessageNode>,
         headers(
            ("Link" = String, description = "The next page, absent on the last"),
            ("X-Next-Cursor" = String, description = "The cursor of the next page, absent on the last")
         )),
        Errors
    )
)]
pub async fn get_tree(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { query, .. }: Query<MessageTreeQuery>,
) -> Result<Page<MessageNode>, Error> {
    let request = MessageTreeRequest {
        owner: identity.user_id,
        target: query.chat_id,
        after: query.cursor.map(|MessageTreeCursor(place)| place),
        limit: query.limit.map_or(MAX_LIMIT, Limit::get),
        with_previews: query.preview.unwrap_or(false),
    };
    let list = || state.store.list_message_tree(&request);
    let page = state.with_trunk(request.owner, request.target, &trace, list).await?;
    let next = page.next.map(MessageTreeCursor);
    Ok(Page::new(&query, page.items, next.as_ref()).map(MessageNode::from))
}
