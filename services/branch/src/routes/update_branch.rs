//! `PUT /branches/update-branch/{branch_id}`

use super::branch_view::BranchView;
use crate::domain::BranchName;
use crate::error::Error;
use crate::state::State;
use actix_web::web::{Data, Json};
use shared::ids::BranchId;
use shared::validation::Reason;
use shared_web::body_limits::MAX_BODY_BYTES;
use shared_web::caller::Identity;
use shared_web::input::{Fields, FromFields, Input, Invalid};
use shared_web::openapi::ErrorResponses;
use shared_web::telemetry::Trace;
use utoipa::{IntoParams, ToSchema};

/// Which branch.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct BranchPath {
    /// The branch
    #[param(value_type = Uuid)]
    pub branch_id: BranchId,
}

impl FromFields for BranchPath {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self { branch_id: fields.required("branch_id")? })
    }
}

/// What changes of a branch.
#[derive(Debug, ToSchema)]
pub struct BranchRenaming {
    /// 1 to 200 characters; null for none
    #[schema(value_type = Option<String>, required = true, min_length = 1, max_length = 200,
             example = "another ending")]
    name: Option<BranchName>,
}

impl FromFields for BranchRenaming {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        match fields.nullable("name")? {
            None => Err(fields.reject("name", Reason::missing())),
            Some(name) => Ok(Self { name }),
        }
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
    let target = state.resolve_branch_or_create_trunk(identity.user_id, path.branch_id, &trace).await?;
    let branch = state.store.rename(identity.user_id, target.branch, body.name.as_ref()).await?;
    Ok(Json(branch.into()))
}
