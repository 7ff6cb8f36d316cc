//! `GET /messages/get-versions`

use super::cursor_time::is_possible;
use crate::error::Error;
use crate::state::State;
use crate::store::{TimePosition, VersionEntry, VersionsRequest};
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

shared_web::request! {
    /// Of which message, and which part of the list.
    pub struct VersionsQuery in paged_query {
        /// The message
        required response_id: ResponseId,
        /// The chat in which it is read, or a branch of that; left out, its own
        optional chat_id: BranchId,
        /// How many versions at most; left out 50, and more than 200 is taken as 200
        optional limit: Limit,
        /// From `X-Next-Cursor` of the page before; empty, the first page
        cursor cursor: VersionsCursor,
    }
    check cursor(cursor): cursor.is_none_or(|VersionsCursor(place)| is_possible(place.created_at)), or foreign_cursor();
}

/// The position after which a page of the list begins.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct VersionsCursor(TimePosition);

impl Cursor for VersionsCursor {
    const KIND: &'static str = "versions";
}

/// A version of a message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Version)]
pub struct VersionView {
    response_id: ResponseId,
    /// The branch that owns it
    branch_id: BranchId,
    /// Its number, counted from 1
    #[schema(minimum = 1, example = 1)]
    version: i64,
    timestamp: Timestamp,
    /// The first 80 characters of the question
    #[schema(example = "What is a banyan?")]
    question_preview: String,
    /// The first 80 characters of the response
    #[schema(example = "A fig whose branches grow roots of their own.")]
    response_preview: String,
    /// The branch to activate to land where the user last was on that side
    open_branch_id: BranchId,
    /// The head of that branch
    #[schema(value_type = Option<Uuid>, required = true)]
    head_response_id: Option<ResponseId>,
}

impl From<VersionEntry> for VersionView {
    fn from(version: VersionEntry) -> Self {
        Self {
            response_id: version.id,
            branch_id: version.branch,
            version: version.number,
            timestamp: version.created_at,
            question_preview: version.previews.question,
            response_preview: version.previews.response,
            open_branch_id: version.open.branch,
            head_response_id: version.open.head,
        }
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::ChatNotFound, Error::MessageNotFound
}

/// List the versions of a message, oldest first
///
/// These are the messages with the same parent. `open_branch_id` is, of the 50 branches of the chat that were last made active, the
/// newest whose line passes through the version; else the version's own.
#[utoipa::path(
    get, path = "/api/v1/messages/get-versions", tag = "messages", params(VersionsQuery),
    responses(
        (status = 200, description = "A page of the versions", body = Vec<VersionView>,
         headers(
            ("Link" = String, description = "The next page, absent on the last"),
            ("X-Next-Cursor" = String, description = "The cursor of the next page, absent on the last")
         )),
        Errors
    )
)]
pub async fn get_versions(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { query, .. }: Query<VersionsQuery>,
) -> Result<Page<VersionView>, Error> {
    let request = VersionsRequest {
        owner: identity.user_id,
        message: query.response_id,
        reading_chat: query.chat_id,
        after: query.cursor.map(|VersionsCursor(place)| place),
        limit: query.limit.unwrap_or_default().get(),
    };
    let list = || state.store.list_versions(&request);
    let page = state.in_reading_chat(request.owner, request.reading_chat, &trace, list).await?;
    let next = page.next.map(VersionsCursor);
    Ok(Page::new(&query, page.items, next.as_ref()).map(VersionView::from))
}
