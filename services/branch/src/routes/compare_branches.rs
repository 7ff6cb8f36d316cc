//! `GET /branches/compare`

use crate::error::Error;
use crate::state::State;
use crate::store::{CommonMessage, ComparedLine, Comparison};
use actix_web::web::{Data, Json};
use serde::Serialize;
use shared::ids::{BranchId, ResponseId};
use shared_web::caller::Identity;
use shared_web::input::{Input, Query};
use shared_web::openapi::ErrorResponses;
use shared_web::telemetry::Trace;
use utoipa::ToSchema;

shared_web::request! {
    /// Which branches.
    pub struct ComparisonQuery in query {
        /// A branch; a chat's id stands for its trunk
        required left: BranchId,
        /// A branch of the same chat or of another; a chat's id stands for its trunk
        required right: BranchId,
    }
}

/// The last message that two lines have in common, and the lengths of their own parts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Comparison)]
pub struct ComparisonView {
    /// The last message of both lines, null where they have none in common
    #[schema(required = true)]
    common: Option<CommonMessageView>,
    left: ComparedBranch,
    right: ComparedBranch,
}

/// The last message that two lines have in common.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CommonMessage)]
pub struct CommonMessageView {
    response_id: ResponseId,
    /// Its place on both lines
    #[schema(minimum = 1, example = 2)]
    depth: i64,
}

/// A branch that is compared.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComparedBranch {
    branch_id: BranchId,
    /// The head of its line, null while that is empty
    #[schema(value_type = Option<Uuid>, required = true)]
    head_response_id: Option<ResponseId>,
    /// The messages of its line after the common ones
    #[schema(minimum = 0, example = 3)]
    ahead: i64,
}

impl From<Comparison> for ComparisonView {
    fn from(Comparison { common, left, right }: Comparison) -> Self {
        let message = |CommonMessage { id, depth }| CommonMessageView { response_id: id, depth };
        Self { common: common.map(message), left: left.into(), right: right.into() }
    }
}

impl From<ComparedLine> for ComparedBranch {
    fn from(ComparedLine { branch, head, ahead }: ComparedLine) -> Self {
        Self { branch_id: branch, head_response_id: head, ahead }
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::BranchNotFound
}

/// Compare two branches
///
/// It finds the last message that both lines have, however long they are, and says how far each goes on. Branches of chats that share
/// nothing have none.
#[utoipa::path(
    get, path = "/api/v1/branches/compare", tag = "branches", params(ComparisonQuery),
    responses(
        (status = 200, description = "The comparison", body = ComparisonView),
        Errors
    )
)]
pub async fn compare_branches(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { query, .. }: Query<ComparisonQuery>,
) -> Result<Json<ComparisonView>, Error> {
    let (owner, ComparisonQuery { left, right }) = (identity.user_id, query);
    let compared = match state.store.compare(owner, left, right).await {
        Err(Error::TargetUnknown) => {
            // Chats whose trunks are not created yet, perhaps.
            for id in [left, right] {
                state.resolve_branch(owner, id, &trace).await?;
            }
            state.store.compare(owner, left, right).await
        }
        compared => compared,
    };
    Ok(Json(compared?.into()))
}
