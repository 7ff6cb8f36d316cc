//! `PUT /internal/living-messages`, for the answer service.

use super::answer_service::AnswerService;
use super::id_list::IdList;
use crate::error::Error;
use crate::state::State;
use actix_web::web::{Data, Json};
use serde::Serialize;
use shared::ids::ResponseId;
use shared_web::input::{Body, Input};

shared_web::request! {
    /// Which messages.
    pub struct NamedMessages in body {
        /// At most 200, of any users
        required response_ids: IdList<ResponseId>,
    }
}

/// The messages that are alive.
#[derive(Debug, Serialize)]
pub struct LivingMessages {
    response_ids: Vec<ResponseId>,
}

/// Lists those of these messages whose branch and chat are alive.
#[utoipa::path(put, path = "/internal/living-messages")]
pub async fn living_messages(
    _: AnswerService,
    state: Data<State>,
    Input { body, .. }: Body<NamedMessages>,
) -> Result<Json<LivingMessages>, Error> {
    let NamedMessages { response_ids: IdList(ids) } = body;
    Ok(Json(LivingMessages { response_ids: state.store.living_messages(&ids).await? }))
}
