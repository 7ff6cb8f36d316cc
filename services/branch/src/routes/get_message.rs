//! `GET /messages/get-message/{response_id}`

use super::message_view::{MessageFields, MessageView};
use crate::error::Error;
use crate::state::State;
use crate::store::MessageRequest;
use actix_web::web::{Data, Json};
use shared::ids::{BranchId, ResponseId};
use shared_web::caller::Identity;
use shared_web::input::Input;
use shared_web::openapi::ErrorResponses;
use shared_web::telemetry::Trace;

shared_web::request! {
    /// Which message.
    pub struct MessagePath in path {
        /// The message
        pub required response_id: ResponseId,
    }
}

shared_web::request! {
    /// Where it is read, and which of its fields.
    pub struct MessageQuery in query {
        /// The chat in which it is read, or a branch of that; left out, its own
        optional chat_id: BranchId,
        /// `items` for `input_items` and `output_items`, too
        optional fields: MessageFields,
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::ChatNotFound, Error::MessageNotFound
}

/// Read one message
///
/// It names the branches that fork from its response. A message whose own chat is deleted is found as long as a fork of that chat has it.
#[utoipa::path(
    get, path = "/api/v1/messages/get-message/{response_id}", tag = "messages", params(MessagePath, MessageQuery),
    responses(
        (status = 200, description = "The message", body = MessageView),
        Errors
    )
)]
pub async fn get_message(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    Input { path, query, .. }: Input<MessagePath, MessageQuery, ()>,
) -> Result<Json<MessageView>, Error> {
    let (owner, reading_chat) = (identity.user_id, query.chat_id);
    let request = MessageRequest { owner, message: path.response_id, reading_chat };
    let read = || state.store.read_message(request);
    let message = state.in_reading_chat(owner, reading_chat, &trace, read).await?;
    Ok(Json(MessageView::with(query.fields, message.ok_or(Error::MessageNotFound)?)))
}
