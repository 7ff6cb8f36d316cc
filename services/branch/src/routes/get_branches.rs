//! `GET /branches/get-branches`

use super::branch_view::BranchView;
use super::cursor_time::is_possible;
use crate::domain::{BranchFilter, BranchKey};
use crate::error::Error;
use crate::state::State;
use crate::store::TreeRequest;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use shared::ids::BranchId;
use shared::tags::Tag;
use shared_web::caller::Identity;
use shared_web::input::{Input, Query};
use shared_web::openapi::ErrorResponses;
use shared_web::page::{Cursor, Limit, PageLinks, foreign_cursor};
use shared_web::telemetry::Trace;
use utoipa::ToSchema;

/// The size of a page where the client does not say: older clients do not page.
const DEFAULT_LIMIT: usize = 10_000;
/// The largest page that a client can ask for.
const MAX_LIMIT: usize = 1_000;

shared_web::request! {
    /// Which chat or branch, and which part of what is below it.
    pub struct TreeQuery in paged_query {
        /// A chat's id, or a branch's
        required chat_id: BranchId,
        /// Only branches with this tag, in `branches`
        optional tag: Tag,
        /// Only branches that are archived, or only those that are not, in `branches`
        optional archived: bool,
        /// How many branches at most; left out 10,000, and more than 1,000 is taken as 1,000
        optional limit: Limit<MAX_LIMIT>,
        /// From `X-Next-Cursor` of the page before; empty, the first page
        cursor cursor: TreeCursor,
    }
    check cursor(cursor, chat_id): cursor.is_none_or(|cursor| cursor.is_below(*chat_id)), or foreign_cursor();
}

/// Where a page of the branches below a node begins.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct TreeCursor {
    node: BranchId,
    after: BranchKey,
}

impl Cursor for TreeCursor {
    const KIND: &'static str = "tree";
}

impl TreeCursor {
    fn is_below(&self, node: BranchId) -> bool {
        self.node == node && is_possible(self.after.created_at)
    }
}

/// A chat or a branch, and the tree below it.
#[derive(Debug, Serialize, ToSchema)]
pub struct BranchTree {
    /// The id that was asked for
    chat_id: BranchId,
    /// The active branch of the chat
    active_branch_id: BranchId,
    /// The direct forks, oldest first, the same on every page
    children: Vec<BranchId>,
    /// The node itself and all branches below it, parents first
    branches: Vec<BranchView>,
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::ChatNotFound, Error::BranchNotFound
}

/// List the branches of a chat, or those below a branch
///
/// Parents come before their children. With `tag` or `archived` a page may be short, or empty; only a missing `X-Next-Cursor` (or `Link`) is the end.
#[utoipa::path(
    get, path = "/api/v1/branches/get-branches", tag = "branches", params(TreeQuery),
    responses(
        (status = 200, description = "The tree, or a page of it", body = BranchTree,
         headers(
            ("Link" = String, description = "The next page, absent on the last"),
            ("X-Next-Cursor" = String, description = "The cursor of the next page, absent on the last")
         )),
        Errors
    )
)]
pub async fn get_branches(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    request: HttpRequest,
    Input { query, .. }: Query<TreeQuery>,
) -> Result<HttpResponse, Error> {
    let owner = identity.user_id;
    let after = query.cursor.map(|cursor| cursor.after);
    let limit = query.limit.map_or(DEFAULT_LIMIT, Limit::get);
    let filter = BranchFilter { tag: query.tag.clone(), archived: query.archived };
    let tree = TreeRequest { owner, target: query.chat_id, filter, after, limit };
    let page = state.with_trunk(owner, tree.target, &trace, || state.store.list_branches(&tree)).await?;
    let mut response = HttpResponse::Ok();
    let next = page.next.map(|after| TreeCursor { node: page.root, after });
    PageLinks::new(&query, next.as_ref()).add_to(&mut response, &request);
    Ok(response.json(BranchTree {
        chat_id: page.root,
        active_branch_id: page.active,
        children: page.children,
        branches: page.items.into_iter().map(|branch| BranchView::new(branch, page.active)).collect(),
    }))
}
