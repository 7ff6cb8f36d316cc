//! `PUT /branches/set-active-branch`

use crate::error::Error;
use crate::state::State;
use actix_web::web::{Data, Json};
use serde::Serialize;
use shared::ids::{BranchId, ChatId};
use shared_web::body_limits::MAX_BODY_BYTES;
use shared_web::caller::Identity;
use shared_web::input::{Body, Input};
use shared_web::openapi::ErrorResponses;
use shared_web::telemetry::Trace;
use utoipa::ToSchema;

shared_web::request! {
    /// Which branch of which chat.
    pub struct BranchSwitch in body {
        /// The chat's id, or that of any of its branches
        #[schema(component)]
        required chat_id: BranchId,
        /// The branch that becomes active
        #[schema(component)]
        required branch_id: BranchId,
    }
}

/// Which branch is active now.
#[derive(Debug, Serialize, ToSchema)]
pub struct SwitchedBranch {
    #[schema(value_type = String, example = "Active branch set")]
    msg: &'static str,
    /// The root chat
    chat_id: ChatId,
    active_branch_id: BranchId,
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_body(MAX_BODY_BYTES);
    Error::ChatNotFound, Error::BranchNotFound
}

/// Make a branch the active one of its chat
///
/// Requests that name the chat alone read and write that branch from then on.
#[utoipa::path(
    put, path = "/api/v1/branches/set-active-branch", tag = "branches", request_body = BranchSwitch,
    responses(
        (status = 200, description = "The branch is active", body = SwitchedBranch),
        Errors
    )
)]
pub async fn set_active_branch(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { body, .. }: Body<BranchSwitch>,
) -> Result<Json<SwitchedBranch>, Error> {
    let owner = identity.user_id;
    let activate = || state.store.activate(owner, body.chat_id, body.branch_id);
    let chat_id = state.with_trunk(owner, body.chat_id, &trace, activate).await?;
    Ok(Json(SwitchedBranch { msg: "Active branch set", chat_id, active_branch_id: body.branch_id }))
}
