//! `POST /branches/create-branch`

use super::branch_view::BranchView;
use crate::domain::BranchName;
use crate::error::Error;
use crate::state::State;
use crate::store::{BranchWithActive, ForkRequest};
use actix_web::web::Data;
use serde::Serialize;
use shared::idempotency::{Created, IdempotencyKey};
use shared::ids::{BranchId, ResponseId};
use shared_web::body_limits::MAX_BODY_BYTES;
use shared_web::caller::Identity;
use shared_web::idempotency::{CreatedResponse, IdempotencyHeader, Keyed};
use shared_web::input::{Body, Input};
use shared_web::openapi::ErrorResponses;
use shared_web::telemetry::Trace;
use utoipa::ToSchema;

shared_web::request! {
    /// Where a branch forks, and what it is.
    #[example({
        "original_chat_id": "019bd5f0-7c3a-7d52-9f0e-3b1c5a7e9d21",
        "branch_from_response_id": "019bd5f1-02b4-7a11-8c6d-5e2f9a3b4c70",
        "name": "another ending",
        "activate": true
    })]
    pub struct BranchFork in body {
        /// A chat's id, or that of a branch on whose line the response lies
        required original_chat_id: BranchId,
        /// The response that it forks from; null for a fork before the first message
        required_nullable branch_from_response_id: ResponseId,
        /// The id that the branch shall have
        optional new_chat_id: BranchId,
        /// 1 to 200 characters
        #[schema(example = "another ending")]
        optional name: BranchName,
        /// Whether it becomes the chat's active branch; left out, it does not
        optional activate: bool = false,
    }
}

/// A branch that was made, with its id once more under the name that older clients read.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedBranch {
    /// The same as `branch_id`
    chat_id: BranchId,
    #[serde(flatten)]
    branch: BranchView,
}

impl From<BranchWithActive> for CreatedBranch {
    fn from(node: BranchWithActive) -> Self {
        Self { chat_id: node.branch.id, branch: node.into() }
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_body(MAX_BODY_BYTES);
    Error::ChatNotFound, Error::BranchNotFound, Error::MessageNotFound, Error::IdTaken, Error::KeyReused
}

/// Fork a branch from a response
///
/// Nothing is copied: the line of the branch is what led to the response, and what is added to the branch.
///
/// With an `Idempotency-Key` the same request can be sent again and again, and creates once.
#[utoipa::path(
    post, path = "/api/v1/branches/create-branch", tag = "branches", request_body = BranchFork,
    params(IdempotencyHeader),
    responses(
        (status = 201, description = "The branch", body = CreatedBranch,
         headers(("Idempotency-Replayed" = String, description = "`true` where it was there already"))),
        Errors
    )
)]
pub async fn create_branch(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { body, .. }: Body<Keyed<BranchFork>>,
) -> Result<CreatedResponse<CreatedBranch>, Error> {
    let (owner, key) = (identity.user_id, body.key(identity.user_id, "create-branch"));
    let fork = body.request;
    if let Some(made) = replay(&state, key.as_ref()).await? {
        return Ok(made);
    }
    let request = ForkRequest {
        owner,
        target: fork.original_chat_id,
        from: fork.branch_from_response_id,
        id: fork.new_chat_id,
        name: fork.name,
        activate: fork.activate,
        key,
    };
    if let Some(id) = request.id {
        // What is not there is told before what is there already.
        state.with_trunk(owner, request.target, &trace, || state.store.check_fork(&request)).await?;
        if state.id_exists(owner, id, &trace).await? {
            // By the same request, perhaps, which was sent twice at once.
            return replay(&state, request.key.as_ref()).await?.ok_or(Error::IdTaken);
        }
    }
    let fork = || state.store.fork(&request);
    Ok(CreatedResponse::of(state.with_trunk(owner, request.target, &trace, fork).await?))
}

async fn replay(
    state: &State,
    key: Option<&IdempotencyKey>,
) -> Result<Option<CreatedResponse<CreatedBranch>>, Error> {
    let Some(key) = key else { return Ok(None) };
    Ok(state.store.replay_branch(key).await?.map(|made| CreatedResponse::of(Created::replayed(made))))
}
