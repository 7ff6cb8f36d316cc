//! `PUT /branches/set-active-branch`

use crate::error::Error;
use crate::state::State;
use actix_web::web::{Data, Json};
use serde::Serialize;
use shared::ids::{BranchId, ChatId};
use shared_web::body_limits::MAX_BODY_BYTES;
use shared_web::caller::Identity;
use shared_web::input::{Body, Fields, FromFields, Input, Invalid};
use shared_web::openapi::ErrorResponses;
use shared_web::telemetry::Trace;
use utoipa::ToSchema;

/// Which branch of which chat.
#[derive(Debug, ToSchema)]
pub struct BranchSwitch {
    /// The chat's id, or that of any of its branches
    chat_id: BranchId,
    /// The branch that becomes active
    branch_id: BranchId,
}

impl FromFields for BranchSwitch {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        let chat_id = fields.required("chat_id");
        let branch_id = fields.required("branch_id");
        Ok(Self { chat_id: chat_id?, branch_id: branch_id? })
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
    let chat_id = state.resolve_chat_or_create_trunk(identity.user_id, body.chat_id, &trace).await?.chat;
    state.store.activate(identity.user_id, chat_id, body.branch_id).await?;
    Ok(Json(SwitchedBranch { msg: "Active branch set", chat_id, active_branch_id: body.branch_id }))
}
