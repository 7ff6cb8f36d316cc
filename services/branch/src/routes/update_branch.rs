//! `PUT /branches/update-branch/{branch_id}`

use super::branch_view::BranchView;
use crate::domain::BranchName;
use crate::error::Error;
use crate::state::State;
use crate::store::BranchChanges;
use actix_web::web::{Data, Json};
use shared::ids::BranchId;
use shared::tags::Tags;
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
    /// What changes of a branch; what is left out stays.
    #[example({"name": "another ending", "tags": ["draft"], "archived": false})]
    pub struct BranchUpdate in body {
        /// 1 to 200 characters; null for none
        #[schema(example = "another ending")]
        nullable name: BranchName as Option<Option<BranchName>>,
        /// All its tags: at most 20 of 1 to 50 characters, each once; case counts
        #[schema(example = vec!["draft"])]
        if_present tags: Tags,
        /// True archives the branch
        if_present archived: bool,
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_body(MAX_BODY_BYTES);
    Error::BranchNotFound
}

/// Change a branch
///
/// A body without any of the fields changes nothing.
#[utoipa::path(
    put, path = "/api/v1/branches/update-branch/{branch_id}", tag = "branches", params(BranchPath),
    request_body = BranchUpdate,
    responses(
        (status = 200, description = "The branch", body = BranchView),
        Errors
    )
)]
pub async fn update_branch(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { path, body, .. }: Input<BranchPath, (), BranchUpdate>,
) -> Result<Json<BranchView>, Error> {
    let target = state.resolve_branch(identity.user_id, path.branch_id, &trace).await?;
    let BranchUpdate { name, tags, archived } = body;
    let changes = BranchChanges { name, tags, archived };
    let branch = state.store.update_branch(identity.user_id, target.branch, &changes).await?;
    Ok(Json(branch.into()))
}
