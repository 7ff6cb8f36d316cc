//! `PUT /providers/set-key/{provider}`

use super::provider_view::{ProviderPath, ProviderView};
use crate::domain::ApiKey;
use crate::error::Error;
use crate::state::State;
use crate::store;
use actix_web::web::{Data, Json};
use shared_web::body_limits::MAX_BODY_BYTES;
use shared_web::caller::Identity;
use shared_web::input::Input;
use shared_web::openapi::ErrorResponses;

shared_web::request! {
    /// A key for a provider.
    #[example({"api_key": "sk-0123456789abcdef9f2a"})]
    pub struct KeyChange in body {
        /// The key, as the provider has given it: 1 to 512 visible ASCII characters
        required api_key: ApiKey,
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_body(MAX_BODY_BYTES);
    Error::ProviderNotFound
}

/// Store a key of one's own for a provider
///
/// It replaces the one before. From now on the caller's questions go to the provider with it, and not with the deployment's key. It is
/// kept encrypted, and shown to nobody.
#[utoipa::path(
    put, path = "/api/v1/providers/set-key/{provider}", tag = "providers", params(ProviderPath),
    request_body = KeyChange,
    responses((status = 200, description = "The provider, with the key", body = ProviderView), Errors)
)]
pub async fn set_key(
    identity: Identity,
    state: Data<State>,
    Input { path, body, .. }: Input<ProviderPath, (), KeyChange>,
) -> Result<Json<ProviderView>, Error> {
    let (provider, hint) = (path.provider, body.api_key.hint());
    let is_offered = state.models.providers().contains(&provider.as_str());
    let keyring = state.user_keys.as_ref().filter(|_| is_offered).ok_or(Error::ProviderNotFound)?;
    let key = keyring.encrypt(identity.user_id, provider.clone(), body.api_key.secret(), hint.clone())?;
    store::set_provider_key(&state.store, key).await?;
    Ok(Json(ProviderView::with_key(provider, hint)))
}
