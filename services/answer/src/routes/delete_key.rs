//! `DELETE /providers/set-key/{provider}`

use super::provider_view::ProviderPath;
use crate::error::Error;
use crate::state::State;
use crate::store;
use actix_web::web::{Data, Json};
use shared_web::caller::Identity;
use shared_web::input::{Input, Path};
use shared_web::openapi::{ErrorResponses, Msg};

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::ProviderKeyNotFound
}

/// Delete one's own key for a provider
///
/// From now on the deployment's key is used. A key can be deleted also where no model has the provider any more.
#[utoipa::path(
    delete, path = "/api/v1/providers/set-key/{provider}", tag = "providers", params(ProviderPath),
    responses((status = 200, description = "The key is deleted", body = Msg), Errors)
)]
pub async fn delete_key(
    identity: Identity,
    state: Data<State>,
    Input { path, .. }: Path<ProviderPath>,
) -> Result<Json<Msg>, Error> {
    if store::delete_provider_key(&state.store, identity.user_id, path.provider).await? {
        Ok(Json(Msg { msg: "Key deleted" }))
    } else {
        Err(Error::ProviderKeyNotFound)
    }
}
