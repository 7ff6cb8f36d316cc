//! `POST /branches/restore-branch/{branch_id}`

use super::branch_view::BranchView;
use super::update_branch::BranchPath;
use crate::error::Error;
use crate::state::{State, as_branch};
use actix_web::web::{Data, Json};
use shared_web::caller::Identity;
use shared_web::input::Input;
use shared_web::openapi::ErrorResponses;
use shared_web::telemetry::Trace;

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::BranchNotFound, Error::ParentDeleted
}

/// Restore a deleted branch
///
/// With it comes all that the request has deleted that named it, and nothing else. It becomes active again, or the descendant that was, if
/// the active branch is still the one that the deletion has chosen. One that was deleted along with another comes with that one. A branch
/// that is not deleted is returned as it is.
#[utoipa::path(
    post, path = "/api/v1/branches/restore-branch/{branch_id}", tag = "branches", params(BranchPath),
    responses(
        (status = 200, description = "The branch", body = BranchView),
        Errors
    )
)]
pub async fn restore_branch(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { path, .. }: Input<BranchPath, (), ()>,
) -> Result<Json<BranchView>, Error> {
    let (owner, branch) = (identity.user_id, path.branch_id);
    let restore = async || state.store.restore_branch(owner, branch).await;
    let restored = state.with_trunk(owner, branch, &trace, restore).await.map_err(as_branch)?;
    Ok(Json(restored.into()))
}
