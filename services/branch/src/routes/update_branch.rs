//! `PUT /branches/update-branch/{branch_id}`

use super::branch_view::BranchView;
use crate::domain::BranchName;
use crate::error::Error;
use crate::state::State;
use actix_web::web::{Data, Json};
use shared::ids::BranchId;
use shared_web::body_limits::MAX_BODY_BYTES;
use shared_web::caller::Identity;
use shared_web::input::Input;
use shared_web::openapi::ErrorResponses;
use shared_web::telemetry::Trace;

shared_web::request! {
    /// Which branch.
    pub struct BranchPath in path {
        /// The branch
        pub required branch_id: BranchId,
    }
}

shared_web::request! {
    /// What changes of a branch.
    pub struct BranchRenaming in body {
        /// 1 to 200 characters; null for none
        #[schema(example = "another ending")]
        required_nullable name: BranchName,
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_body(MAX_BODY_BYTES);
    Error::BranchNotFound
}

/// Name a branch
///
/// Null takes its name away.
#[utoipa::path(
    put, path = "/api/v1/branches/update-branch/{branch_id}", tag = "branches", params(BranchPath),
    request_body = BranchRenaming,
    responses(
        (status = 200, description = "The branch", body = BranchView),
        Errors
    )
)]
pub async fn update_branch(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { path, body, .. }: Input<BranchPath, (), BranchRenaming>,
) -> Result<Json<BranchView>, Error> {
    let target = state.resolve_branch(identity.user_id, path.branch_id, &trace).await?;
    let branch = state.store.rename(identity.user_id, target.branch, body.name.as_ref()).await?;
    Ok(Json(branch.into()))
}
