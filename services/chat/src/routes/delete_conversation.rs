//! `DELETE /conversations/{id}`

use crate::error::Error;
use crate::state::State;
use crate::store;
use actix_web::web::{Data, Json};
use shared::ids::ConversationId;
use shared_web::caller::Identity;
use shared_web::input::{Fields, FromFields, Input, Invalid, Path};
use shared_web::openapi::{ErrorResponses, Msg};
use utoipa::IntoParams;

/// Which record.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ConversationPath {
    /// The record
    #[param(value_type = Uuid)]
    id: ConversationId,
}

impl FromFields for ConversationPath {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self { id: fields.required("id")? })
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
