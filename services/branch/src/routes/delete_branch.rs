//! `DELETE /branches/delete-branch/{branch_id}`

use super::update_branch::BranchPath;
use crate::error::Error;
use crate::state::State;
use actix_web::web::{Data, Json};
use shared_web::caller::Identity;
use shared_web::input::Input;
use shared_web::openapi::{ErrorResponses, Msg};
use shared_web::telemetry::Trace;

shared_web::request! {
    /// What goes along, and for how long.
    pub struct DeleteBranchQuery in query {
        /// Whether its descendants go along; left out, they do not, and a branch that has some stays
        optional cascade: bool = false,
        /// Whether it is destroyed at once, also if it is deleted already, with what was deleted below it; left out, it can be restored for
        /// a while
        optional permanent: bool = false,
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::BranchNotFound, Error::IsTrunk, Error::HasDescendants
}

/// Delete a branch
///
/// A trunk goes with its chat alone. If it or a descendant that goes along was active, its parent becomes active. With restore-branch it can
/// be had back until `purge_at` of deleted-branches, unless `permanent`.
#[utoipa::path(
    delete, path = "/api/v1/branches/delete-branch/{branch_id}", tag = "branches", params(BranchPath, DeleteBranchQuery),
    responses(
        (status = 200, description = "The branch is gone", body = Msg),
        Errors
    )
)]
pub async fn delete_branch(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { path, query, .. }: Input<BranchPath, DeleteBranchQuery, ()>,
) -> Result<Json<Msg>, Error> {
    let (owner, branch) = (identity.user_id, path.branch_id);
    match state.resolve_branch(owner, branch, &trace).await {
        Ok(found) if found.is_trunk() => return Err(Error::IsTrunk),
        // It may be deleted, and is to be destroyed.
        Err(Error::BranchNotFound) if query.permanent => {}
        found => drop(found?),
    }
    if query.permanent {
        state.store.destroy_branch(owner, branch, query.cascade).await?;
    } else {
        state.store.delete_branch(owner, branch, query.cascade).await?;
    }
    state.sweeper.wake();
    Ok(Json(Msg { msg: "Branch deleted" }))
}
