//! `GET /branches/get-branch/{branch_id}`

use super::branch_view::BranchView;
use super::update_branch::BranchPath;
use crate::error::Error;
use crate::state::State;
use actix_web::web::{Data, Json};
use shared_web::caller::Identity;
use shared_web::input::{Input, Path};
use shared_web::openapi::ErrorResponses;
use shared_web::telemetry::Trace;

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::BranchNotFound
}

/// Read one branch
///
/// A chat's id stands for its trunk.
#[utoipa::path(
    get, path = "/api/v1/branches/get-branch/{branch_id}", tag = "branches", params(BranchPath),
    responses(
        (status = 200, description = "The branch", body = BranchView),
        Errors
    )
)]
pub async fn get_branch(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { path, .. }: Path<BranchPath>,
) -> Result<Json<BranchView>, Error> {
    Ok(Json(state.look_up_branch(identity.user_id, path.branch_id, &trace).await?.into()))
}
