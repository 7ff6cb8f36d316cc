//! `POST /branches/cherry-pick`

use super::branch_view::BranchView;
use super::message_view::MessageView;
use crate::domain::{BranchName, ForkPoint, ResponseIds};
use crate::error::Error;
use crate::state::State;
use crate::store::{BranchWithMessages, CherryPickRequest};
use actix_web::web::Data;
use serde::Serialize;
use shared::idempotency::Created;
use shared::ids::{BranchId, ResponseId};
use shared_web::body_limits::MAX_BODY_BYTES;
use shared_web::caller::Identity;
use shared_web::idempotency::{CreatedResponse, IdempotencyHeader, Keyed};
use shared_web::input::{Body, Input};
use shared_web::openapi::ErrorResponses;
use shared_web::telemetry::Trace;
use utoipa::ToSchema;

shared_web::request! {
    /// Which messages are copied, and where to.
    #[example({
        "response_ids": ["019bd5f1-02b4-7a11-8c6d-5e2f9a3b4c70"],
        "onto_branch_id": "019bd5f0-7c3a-7d52-9f0e-3b1c5a7e9d21",
        "name": "the best of both"
    })]
    pub struct CherryPick in body {
        /// The responses of 1 to 100 messages, of any chat, with at most 8 MiB of texts; one that is named twice is copied twice
        required response_ids: ResponseIds,
        /// The branch that the new one forks from; a chat's id is its trunk's
        required onto_branch_id: BranchId,
        /// The response on its line at which it forks, null for a fork before the first message; left out, the head
        nullable onto_response_id: ResponseId as ForkPoint,
        /// 1 to 200 characters
        #[schema(example = "the best of both")]
        optional name: BranchName,
        /// Whether it becomes the chat's active branch; left out, it does not
        optional activate: bool = false,
    }
}

/// A branch that was made, and the copies on it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CherryPicked {
    branch: BranchView,
    /// In the order in which they were named
    messages: Vec<MessageView>,
}

impl From<BranchWithMessages> for CherryPicked {
    fn from(made: BranchWithMessages) -> Self {
        Self {
            branch: made.branch.into(),
            messages: made.messages.into_iter().map(MessageView::from).collect(),
        }
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_body(MAX_BODY_BYTES);
    Error::BranchNotFound, Error::MessageNotFound, Error::KeyReused
}

/// Copy messages to a new branch
///
/// The copies have the questions, responses and metadata of their sources, and the time of now; `copied_from` names the source. All are
/// made, or none.
///
/// With an `Idempotency-Key` the same request can be sent again and again, and creates once.
#[utoipa::path(
    post, path = "/api/v1/branches/cherry-pick", tag = "branches", request_body = CherryPick,
    params(IdempotencyHeader),
    responses(
        (status = 201, description = "The branch and the copies", body = CherryPicked,
         headers(("Idempotency-Replayed" = String, description = "`true` where it was there already"))),
        Errors
    )
)]
pub async fn cherry_pick(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { body, .. }: Body<Keyed<CherryPick>>,
) -> Result<CreatedResponse<CherryPicked>, Error> {
    let (owner, key) = (identity.user_id, body.key(identity.user_id, "cherry-pick"));
    let CherryPick {
        response_ids: ResponseIds(sources),
        onto_branch_id: onto,
        onto_response_id: from,
        name,
        activate,
    } = body.request;
    if let Some(key) = &key
        && let Some(made) = state.store.replay_cherry_pick(owner, key, sources.len()).await?
    {
        return Ok(CreatedResponse::of(Created::replayed(made)));
    }
    let request = CherryPickRequest { owner, sources, onto, from, name, activate, key };
    let pick = || state.store.cherry_pick(&request);
    match state.with_trunk(owner, onto, &trace, pick).await {
        Err(Error::ChatNotFound | Error::TargetUnknown) => Err(Error::BranchNotFound),
        made => Ok(CreatedResponse::of(made?)),
    }
}
