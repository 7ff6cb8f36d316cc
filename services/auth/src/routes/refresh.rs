//! `POST /auth/refresh`

use crate::domain::RefreshToken;
use crate::error::Error;
use crate::sessions::{TokenPair, refresh_session};
use crate::state::State;
use actix_web::web::{Data, Json};
use shared_web::body_limits::MAX_AUTH_BODY_BYTES;
use shared_web::input::{Body, FormOrJson, Input};
use shared_web::openapi::ErrorResponses;

shared_web::request! {
    /// A refresh token, as login, refresh or token answered it.
    pub struct PresentedToken in body {
        /// As it was answered
        pub required refresh_token: RefreshToken,
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_all().with_body(MAX_AUTH_BODY_BYTES);
    Error::InvalidToken
}

/// Get new tokens for a refresh token, which is used up
///
/// A refresh token that was used before revokes all of its family, but for a short grace in which it is answered again.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", tag = "auth", request_body = PresentedToken, security(()),
    responses(
        (status = 200, description = "Tokens", body = TokenPair),
        Errors
    )
)]
pub async fn refresh(
    state: Data<State>,
    Input { body: FormOrJson(PresentedToken { refresh_token }), .. }: Body<FormOrJson<PresentedToken>>,
) -> Result<Json<TokenPair>, Error> {
    Ok(Json(refresh_session(&state, &refresh_token).await?))
}
