//! `GET /providers/get-providers`

use super::provider_view::ProviderView;
use crate::error::Error;
use crate::state::State;
use crate::store;
use actix_web::web::{Data, Json};
use shared_web::caller::Identity;
use shared_web::openapi::UserErrors;

/// List the providers of models
///
/// Those for which the caller may store a key, and those for which there is one still.
#[utoipa::path(
    get, path = "/api/v1/providers/get-providers", tag = "providers",
    responses((status = 200, description = "The providers", body = Vec<ProviderView>), UserErrors)
)]
pub async fn get_providers(identity: Identity, state: Data<State>) -> Result<Json<Vec<ProviderView>>, Error> {
    let mut keys = store::provider_key_hints(&state.store, identity.user_id).await?;
    let mut providers = Vec::new();
    for provider in state.models.providers() {
        let key = keys.iter().position(|(name, _)| name == provider).map(|at| keys.remove(at));
        providers.push(match key {
            Some((provider, hint)) => ProviderView::with_key(provider, hint),
            None => ProviderView::without_key(provider.to_owned()),
        });
    }
    providers.extend(keys.into_iter().map(|(provider, hint)| ProviderView::with_key(provider, hint)));
    Ok(Json(providers))
}
