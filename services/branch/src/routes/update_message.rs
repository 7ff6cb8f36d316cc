//! `PUT /messages/update-message/{response_id}`

use super::get_message::MessagePath;
use super::message_view::MessageView;
use crate::domain::Metadata;
use crate::error::Error;
use crate::state::State;
use crate::store::MetadataUpdate;
use actix_web::web::{Data, Json};
use shared::ids::BranchId;
use shared_web::body_limits::MAX_BODY_BYTES;
use shared_web::caller::Identity;
use shared_web::input::Input;
use shared_web::openapi::ErrorResponses;
use shared_web::telemetry::Trace;

shared_web::request! {
    /// What changes of a message.
    #[example({"metadata": {"rating": "good"}})]
    pub struct MessageUpdate in body {
        /// Any JSON object of at most 16 KiB; it replaces the one that is there
        required metadata: Metadata,
        /// The chat that the message is read in, or any of its branches; left out, the message's own
        optional chat_id: BranchId,
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_body(MAX_BODY_BYTES);
    Error::ChatNotFound, Error::MessageNotFound
}

/// Replace the metadata of a message
///
/// Question and response never change. Of several requests the last one counts, and every fork sees it.
#[utoipa::path(
    put, path = "/api/v1/messages/update-message/{response_id}", tag = "messages", params(MessagePath),
    request_body = MessageUpdate,
    responses(
        (status = 200, description = "The message", body = MessageView),
        Errors
    )
)]
pub async fn update_message(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { path, body, .. }: Input<MessagePath, (), MessageUpdate>,
) -> Result<Json<MessageView>, Error> {
    let owner = identity.user_id;
    let reading_chat = body.chat_id;
    let update = MetadataUpdate { owner, message: path.response_id, reading_chat, metadata: body.metadata };
    let replace = || state.store.update_metadata(&update);
    Ok(Json(state.in_reading_chat(owner, reading_chat, &trace, replace).await?.into()))
}
