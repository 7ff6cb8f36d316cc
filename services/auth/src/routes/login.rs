//! `POST /auth/login`, and the pair of tokens that it answers.

use crate::client_address::ClientAddress;
use crate::domain::{Password, RefreshToken};
use crate::error::Error;
use crate::hasher::Verdict;
use crate::state::State;
use crate::store::{self, Login, User};
use crate::throttle::Account;
use actix_web::web::{Data, Json};
use serde::Serialize;
use shared::ids::UserId;
use shared::input::{Body, Fields, FormOrJson, FromFields, Input, Invalid, MAX_AUTH_BODY_BYTES};
use shared::openapi::ErrorResponses;
use shared::problem::{Problem, causes};
use shared::username::name_key;
use std::time::Duration;
use utoipa::ToSchema;

/// Who wants to log in. Other fields of OAuth 2's password grant are ignored.
#[derive(Debug, ToSchema)]
pub struct Credentials {
    /// As it was registered, or in another case
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

shared::error_responses! {
    Errors: ErrorResponses::of_all().with_body(MAX_AUTH_BODY_BYTES);
    Error::InvalidCredentials, Error::TooManyFailures(Duration::from_secs(60))
}

/// Log in with name and password
///
/// Send `access_token` as `Authorization: Bearer` with every other request; it lives for `expires_in` seconds.
#[utoipa::path(
    post, path = "/api/v1/auth/login", tag = "auth", security(()),
    request_body = Credentials,
    responses(
        (status = 200, description = "Tokens", body = TokenPair),
        Errors
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
    Credentials { username, password }: Credentials,
    address: ClientAddress,
) -> Result<TokenPair, Error> {
    let user = store::find_user_by_name(&state.store, &username).await?;
    let key = name_key(&username);
    let account = user.as_ref().map_or(Account::Unknown(&key), |user| Account::User(user.id));
    let attempt = state.throttle.begin(&state.store, account, address).await?;
    let mut login = log_in(state, user, &password, address).await?;
    if let Outcome::HashChanged(user) = login {
        login = log_in(state, store::find_user(&state.store, user).await?, &password, address).await?;
    }
    let Outcome::LoggedIn(tokens) = login else {
        attempt.failed();
        return Err(Error::InvalidCredentials);
    };
    attempt.succeeded();
    Ok(tokens)
}

/// What comes of a login.
enum Outcome {
    /// It was the user.
    LoggedIn(TokenPair),
    /// Nobody has the name, or the password is wrong.
    Refused,
    /// The password was right, but meanwhile another login has renewed the hash, or the password was changed.
    HashChanged(UserId),
}

async fn log_in(
    state: &State,
    user: Option<User>,
    password: &Password,
    ClientAddress(address): ClientAddress,
) -> Result<Outcome, Error> {
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let verdict = state.hasher.verify(password.clone(), hash).await?;
    let (Some(user), Verdict::Right { is_outdated }) = (user, verdict) else {
        return Ok(Outcome::Refused);
    };
    let renewed_hash = if is_outdated { renewed_hash(state, password).await } else { None };
    let refresh = RefreshToken::generate().map_err(|_| Error::Randomness)?;
    let now = state.clock.now();
    let (token, expires_at) = (refresh.hash(), now.plus(state.tokens.refresh));
    let login = Login { user: &user, renewed_hash, address, token, expires_at, now };
    if state.pending_logins.open_family(&login).await? {
        TokenPair::issue(state, user.id, &refresh).map(Outcome::LoggedIn)
    } else {
        Ok(Outcome::HashChanged(user.id))
    }
}

/// A hash of the configured cost; none where too many wait for one, as the next login can make it as well.
async fn renewed_hash(state: &State, password: &Password) -> Option<String> {
    let hash = state.hasher.hash(password.clone()).await;
    hash.inspect_err(|error| tracing::warn!(error = causes(error), "an outdated hash is kept")).ok()
}
