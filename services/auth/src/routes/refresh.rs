//! `POST /auth/refresh`

use crate::domain::RefreshToken;
use crate::sessions::{TokenPair, refresh_session};
use crate::state::State;
use actix_web::web::{Data, Json};
use shared::input::{Body, Fields, FormOrJson, FromFields, Input, Invalid};
use shared::openapi::PublicErrors;
use shared::problem::{ErrorBody, Problem};
use utoipa::ToSchema;

/// A refresh token, as login, refresh or token answered it.
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

/// Get new tokens for a refresh token, which is used up
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", tag = "auth", request_body = PresentedToken, security(()),
    responses(
        (status = 200, description = "Tokens", body = TokenPair),
        (status = 401, description = "The token does not count; if it was used before, its family is revoked",
         body = ErrorBody),
        PublicErrors
    )
)]
pub async fn refresh(
    state: Data<State>,
    Input { body: FormOrJson(PresentedToken { refresh_token }), .. }: Body<FormOrJson<PresentedToken>>,
) -> Result<Json<TokenPair>, Problem> {
    Ok(Json(refresh_session(&state, &refresh_token).await?))
}
