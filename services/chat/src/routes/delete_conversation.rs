//! `DELETE /conversations/{id}`

use crate::error::Error;
use crate::state::State;
use crate::store;
use actix_web::web::{Data, Json};
use shared::ids::ConversationId;
use shared_web::caller::Identity;
use shared_web::input::{Input, Path};
use shared_web::openapi::{ErrorResponses, Msg};

shared_web::request! {
    /// Which record.
    pub struct ConversationPath in path {
        /// The record
        required id: ConversationId,
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::ConversationNotFound
}

/// Delete a conversation record
///
/// The chat stays as it is. A record that was deleted already is not found.
#[utoipa::path(
    delete, path = "/api/v1/conversations/{id}", tag = "conversations", params(ConversationPath),
    responses(
        (status = 200, description = "The record is gone from every list", body = Msg),
        Errors
    )
)]
pub async fn delete_conversation(
    identity: Identity,
    state: Data<State>,
    Input { path, .. }: Path<ConversationPath>,
) -> Result<Json<Msg>, Error> {
    let deleted =
        store::delete_conversation(&state.store, identity.user_id, path.id, state.clock.now()).await;
    if deleted? { Ok(Json(Msg { msg: "Conversation deleted" })) } else { Err(Error::ConversationNotFound) }
}
