//! Sessions: opened with name and password, continued with refresh tokens. Several routes share this.

use crate::client_address::ClientAddress;
use crate::domain::{Password, RefreshToken};
use crate::error::Error;
use crate::hasher::Verdict;
use crate::state::State;
use crate::store::{self, Login, Rotation, User};
use crate::throttle::Account;
use serde::Serialize;
use shared::error::causes;
use shared::ids::UserId;
use shared::username::name_key;
use utoipa::ToSchema;

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
    /// To be used once, at `/auth/refresh` or `/auth/token`
    refresh_token: String,
}

impl TokenPair {
    /// Signs an access token, beside a refresh token that is stored already.
    fn issue(state: &State, user: UserId, refresh: &RefreshToken) -> Result<Self, Error> {
        let ttl = state.tokens.access;
        Ok(Self {
            access_token: state.keys.issue_access(user, ttl)?,
            token_type: "bearer",
            expires_in: ttl.as_secs(),
            refresh_token: refresh.expose().to_owned(),
        })
    }
}

/// Opens a session for name and password.
pub async fn open_session(
    state: &State,
    username: &str,
    password: &Password,
    address: ClientAddress,
) -> Result<TokenPair, Error> {
    let user = store::find_user_by_name(&state.store, username).await?;
    let key = name_key(username);
    let account = user.as_ref().map_or(Account::Unknown(&key), |user| Account::User(user.id));
    let attempt = state.throttle.begin(&state.store, account, address).await?;
    let mut login = log_in(state, user, password, address).await?;
    if let Outcome::HashChanged(user) = login {
        login = log_in(state, store::find_user(&state.store, user).await?, password, address).await?;
    }
    let Outcome::LoggedIn(tokens) = login else {
        attempt.failed();
        return Err(Error::InvalidCredentials);
    };
    attempt.succeeded();
    Ok(tokens)
}

/// The outcome of a login.
enum Outcome {
    /// Success.
    LoggedIn(TokenPair),
    /// Unknown name or wrong password.
    Refused,
    /// The password was right, but the stored hash was replaced meanwhile: renewed by another login, or changed.
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

/// A hash of the configured cost; none if the queue is full, as the next login can renew it as well.
async fn renewed_hash(state: &State, password: &Password) -> Option<String> {
    let hash = state.hasher.hash(password.clone()).await;
    hash.inspect_err(|error| tracing::warn!(error = causes(error), "an outdated hash is kept")).ok()
}

/// Continues a session: uses a refresh token up, and issues the next.
pub async fn refresh_session(state: &State, presented: &RefreshToken) -> Result<TokenPair, Error> {
    let successor = RefreshToken::generate().map_err(|_| Error::Randomness)?;
    let (old, new) = (presented.hash(), successor.hash());
    state.pending_logins.write(&old).await?;
    let Some(_lock) = state.lock_family(&old).await? else { return Err(Error::InvalidToken) };
    match store::rotate(&state.store, &old, &new, state.tokens, &state.clock).await? {
        Rotation::Rotated(user) => TokenPair::issue(state, user, &successor),
        Rotation::Unknown => Err(Error::InvalidToken),
        Rotation::Revoked => {
            tracing::warn!("a refresh token was used twice: its family is revoked");
            Err(Error::InvalidToken)
        }
    }
}
