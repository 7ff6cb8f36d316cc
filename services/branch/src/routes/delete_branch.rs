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
    /// What goes along.
    pub struct DeleteBranchQuery in query {
        /// Whether its descendants go along; left out, they do not, and a branch that has some stays
        optional cascade: bool = false,
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::BranchNotFound, Error::IsTrunk, Error::HasDescendants
}

/// Delete a branch
///
/// A trunk goes with its chat alone. If it or a descendant that goes along was active, its parent becomes active.
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
    if state.resolve_branch(identity.user_id, path.branch_id, &trace).await?.is_trunk() {
        return Err(Error::IsTrunk);
    }
    state.store.delete_branch(identity.user_id, path.branch_id, query.cascade).await?;
    state.sweeper.wake();
    Ok(Json(Msg { msg: "Branch deleted" }))
}
