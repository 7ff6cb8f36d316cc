//! `POST /auth/refresh`

use super::login::TokenPair;
use crate::domain::RefreshToken;
use crate::error::Error;
use crate::state::State;
use crate::store::{self, Rotation};
use actix_web::web::{Data, Json};
use shared::input::{Body, Fields, FromFields, Input, Invalid, MAX_AUTH_BODY_BYTES};
use shared::openapi::ErrorResponses;
use shared::problem::Problem;
use utoipa::ToSchema;

/// A refresh token, as login or refresh answered it.
#[derive(Debug, ToSchema)]
pub struct PresentedToken {
    /// As it was answered
    #[schema(value_type = String)]
    pub refresh_token: RefreshToken,
}

impl FromFields for PresentedToken {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        let refresh_token = fields.required("refresh_token").map(RefreshToken::sent)?;
        Ok(Self { refresh_token })
    }
}

shared::error_responses! {
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
    Input { body, .. }: Body<PresentedToken>,
) -> Result<Json<TokenPair>, Problem> {
    Ok(Json(rotate(&state, &body.refresh_token).await?))
}

async fn rotate(state: &State, presented: &RefreshToken) -> Result<TokenPair, Error> {
    let successor = RefreshToken::generate().map_err(|_| Error::Randomness)?;
    let (old, new) = (presented.hash(), successor.hash());
    state.pending_logins.write(&old).await?;
    let Some(_turn) = state.lock_family(&old).await? else { return Err(Error::InvalidToken) };
    match store::rotate(&state.store, &old, &new, state.tokens, &state.clock).await? {
        Rotation::Rotated(user) => TokenPair::issue(state, user, &successor),
        Rotation::Unknown => Err(Error::InvalidToken),
        Rotation::Revoked => {
            tracing::warn!("a refresh token was used twice: its family is revoked");
            Err(Error::InvalidToken)
        }
    }
}
