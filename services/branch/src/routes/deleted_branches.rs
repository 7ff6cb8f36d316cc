//! `GET /branches/deleted-branches`

use super::cursor_time::is_possible;
use crate::error::Error;
use crate::state::State;
use crate::store::{DeletedBranch, DeletedBranchesRequest, DeletionPosition};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::ids::BranchId;
use shared_web::caller::Identity;
use shared_web::input::{Input, Query};
use shared_web::openapi::ErrorResponses;
use shared_web::page::{Cursor, Limit, Page, foreign_cursor};
use shared_web::telemetry::Trace;
use utoipa::ToSchema;

shared_web::request! {
    /// Of which chat, and which part of the list.
    pub struct DeletedBranchesQuery in paged_query {
        /// The chat's id, or that of any of its branches
        required chat_id: BranchId,
        /// How many entries at most; left out 50, and more than 200 is taken as 200
        optional limit: Limit,
        /// From `X-Next-Cursor` of the page before; empty, the first page
        cursor cursor: DeletedBranchesCursor,
    }
    check cursor(cursor): cursor.is_none_or(|DeletedBranchesCursor(place)| is_possible(place.deleted_at)), or foreign_cursor();
}

/// The position after which a page of the list begins.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct DeletedBranchesCursor(DeletionPosition);

impl Cursor for DeletedBranchesCursor {
    const KIND: &'static str = "deleted-branches";
}

/// A deletion that can be undone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeletedBranch)]
pub struct DeletedBranchView {
    /// The branch that the request named
    branch_id: BranchId,
    #[schema(required = true, example = "another ending")]
    name: Option<String>,
    deleted_at: Timestamp,
    /// Until when it can be restored
    purge_at: Timestamp,
    /// The branches that the request took, this one included
    #[schema(minimum = 1, example = 3)]
    branch_count: i64,
}

impl From<DeletedBranch> for DeletedBranchView {
    fn from(deleted: DeletedBranch) -> Self {
        let DeletedBranch { at: DeletionPosition { deleted_at, id }, name, purge_at, branch_count } = deleted;
        Self { branch_id: id, name, deleted_at, purge_at, branch_count }
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::ChatNotFound
}

/// List the deleted branches of a chat, newest first
///
/// One for each request: the branch that it named. What went along comes with it.
#[utoipa::path(
    get, path = "/api/v1/branches/deleted-branches", tag = "branches", params(DeletedBranchesQuery),
    responses(
        (status = 200, description = "A page of the deletions that can be undone", body = Vec<DeletedBranchView>,
         headers(
            ("Link" = String, description = "The next page, absent on the last"),
            ("X-Next-Cursor" = String, description = "The cursor of the next page, absent on the last")
         )),
        Errors
    )
)]
pub async fn deleted_branches(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { query, .. }: Query<DeletedBranchesQuery>,
) -> Result<Page<DeletedBranchView>, Error> {
    let request = DeletedBranchesRequest {
        owner: identity.user_id,
        target: query.chat_id,
        after: query.cursor.map(|DeletedBranchesCursor(place)| place),
        limit: query.limit.unwrap_or_default().get(),
    };
    let list = || state.store.list_deleted_branches(&request);
    let page = state.with_trunk(request.owner, request.target, &trace, list).await?;
    let next = page.next.map(DeletedBranchesCursor);
    Ok(Page::new(&query, page.items, next.as_ref()).map(DeletedBranchView::from))
}
