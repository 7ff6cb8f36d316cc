//! `GET /messages/get-message/{response_id}`

use super::message_view::MessageView;
use crate::error::Error;
use crate::state::State;
use actix_web::web::{Data, Json};
use shared::ids::ResponseId;
use shared_web::caller::Identity;
use shared_web::input::{Input, Path};
use shared_web::openapi::ErrorResponses;

shared_web::request! {
    /// Which message.
    pub struct MessagePath in path {
        /// The message
        pub required response_id: ResponseId,
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::MessageNotFound
}

/// Read one message
///
/// It names the branches that fork from its response.
#[utoipa::path(
    get, path = "/api/v1/messages/get-message/{response_id}", tag = "messages", params(MessagePath),
    responses(
        (status = 200, description = "The message", body = MessageView),
        Errors
    )
)]
pub async fn get_message(
    identity: Identity,
    state: Data<State>,
    Input { path, .. }: Path<MessagePath>,
) -> Result<Json<MessageView>, Error> {
    let message = state.store.read_message(identity.user_id, path.response_id).await?;
    Ok(Json(message.ok_or(Error::MessageNotFound)?.into()))
}
