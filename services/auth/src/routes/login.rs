//! `POST /auth/login`, and the pair of tokens that it answers.

use crate::client_address::ClientAddress;
use crate::domain::{Password, RefreshToken};
use crate::error::Error;
use crate::state::State;
use crate::store::{self, Login};
use actix_web::web::{Data, Json};
use serde::Serialize;
use shared::ids::UserId;
use shared::input::{Body, Fields, FormOrJson, FromFields, Input, Invalid};
use shared::openapi::PublicErrors;
use shared::problem::{ErrorBody, Problem};
use utoipa::ToSchema;

/// Who wants to log in. Other fields of OAuth 2's password grant are ignored.
#[derive(Debug, ToSchema)]
pub struct Credentials {
    /// In any case
    #[schema(example = "ann@example.org")]
    username: String,
    /// At most 72 bytes
    #[schema(value_type = String, format = Password, max_length = 72, example = "correct horse")]
    password: Password,
}

impl FromFields for Credentials {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        let username = fields.required("username");
        let password = fields.required("password");
        Ok(Self { username: username?, password: password? })
    }
}

/// An access token, and the refresh token that gets the next.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenPair {
    access_token: String,
    /// `bearer`
    #[schema(value_type = String, example = "bearer")]
    token_type: &'static str,
    /// Seconds for which the access token counts
    #[schema(example = 3600)]
    expires_in: u64,
    /// To be used once, at `/auth/refresh`
    refresh_token: String,
}

impl TokenPair {
    /// A new access token with a refresh token that is stored already.
    pub fn issue(state: &State, user: UserId, refresh: &RefreshToken) -> Result<Self, Error> {
        let ttl = state.tokens.access;
        Ok(Self {
            access_token: state.keys.issue_access(user, ttl)?,
            token_type: "bearer",
            expires_in: ttl.as_secs(),
            refresh_token: refresh.expose().to_owned(),
        })
    }
}

/// Log in with name and password
#[utoipa::path(
    post, path = "/api/v1/auth/login", tag = "auth", security(()),
    request_body(content(
        (Credentials = "application/json"),
        (Credentials = "application/x-www-form-urlencoded")
    )),
    responses(
        (status = 200, description = "Tokens", body = TokenPair),
        (status = 401, description = "Name and password do not belong together", body = ErrorBody),
        PublicErrors
    )
)]
pub async fn login(
    state: Data<State>,
    address: ClientAddress,
    Input { body: FormOrJson(credentials), .. }: Body<FormOrJson<Credentials>>,
) -> Result<Json<TokenPair>, Problem> {
    Ok(Json(open_session(&state, credentials, address).await?))
}

async fn open_session(
    state: &State,
    credentials: Credentials,
    address: ClientAddress,
) -> Result<TokenPair, Error> {
    let attempt = state.throttle.begin(&state.store, &credentials.username, address).await?;
    let user = store::find_user_by_name(&state.store, &credentials.username).await?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let matches = state.hasher.verify(credentials.password, hash).await?;
    let Some(user) = user.filter(|_| matches) else {
        attempt.failed();
        return Err(Error::InvalidCredentials);
    };
    let refresh = RefreshToken::generate().map_err(|_| Error::Randomness)?;
    let now = state.clock.now();
    let (token, expires_at) = (refresh.hash(), now.plus(state.tokens.refresh));
    let login = Login { user: &user, address: address.0, token, expires_at, now };
    if !state.pending_logins.open_family(&login).await? {
        attempt.failed();
        return Err(Error::InvalidCredentials);
    }
    attempt.succeeded();
    TokenPair::issue(state, user.id, &refresh)
}
