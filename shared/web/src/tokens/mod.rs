//! Who is calling: users with access tokens, and services with tokens of their own.
//!
//! Both are JWTs (RFC 7519) under HS256. Users' tokens are signed with `SECRET_KEY`, those between services with a key
//! derived from it, so that neither passes for the other. Whoever holds `SECRET_KEY` is every user.

mod error;
mod identity;
mod jwt;
mod ttl;

pub use error::{SigningError, TokenError};
pub use identity::Identity;
pub use ttl::{TOKEN_TTL_SECONDS, access_token_ttl};

use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use shared::clock::{Clock, Timestamp};
use shared::env::{ConfigError, Env};
use shared::ids::{TokenId, UserId, parse_uuid};
use shared::service::Service;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

const ISSUER: &str = "banyan";
const AUDIENCE: &str = "banyan-api";
/// How far the clocks of two machines may be apart.
const LEEWAY: Duration = Duration::from_secs(5);
/// The life of a token between services: one call.
const SERVICE_TOKEN_TTL: Duration = Duration::from_secs(60);
/// The fewest bytes that `SECRET_KEY` may have: as many as the hash gives (RFC 7518, 3.2).
const MIN_SECRET_BYTES: usize = 32;

/// The keys under which tokens are made and checked. Cheap to clone.
#[derive(Clone)]
pub struct TokenKeys {
    users: Arc<Key>,
    services: Arc<Key>,
    clock: Clock,
}

impl TokenKeys {
    /// The keys that follow from `SECRET_KEY`, which must have at least 32 bytes.
    pub fn new(secret: &SecretString, clock: Clock) -> Result<Self, ConfigError> {
        let secret = secret.expose_secret().as_bytes();
        if secret.len() < MIN_SECRET_BYTES {
            let problem = format!("has {} bytes; expected at least {MIN_SECRET_BYTES}", secret.len());
            return Err(ConfigError::new("SECRET_KEY", problem));
        }
        jwt::install();
        let services = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"internal");
        Ok(Self { users: Arc::new(Key::new(secret)), services: Arc::new(Key::new(services.as_ref())), clock })
    }

    /// As [`TokenKeys::new`], with the secret of the environment.
    pub fn from_env(env: &Env, clock: Clock) -> Result<Self, ConfigError> {
        let secret = env.required_secret("SECRET_KEY", "at least 32 bytes, the same for every service")?;
        Self::new(&secret, clock)
    }

    /// An access token for a user.
    pub fn issue_access(&self, user: UserId, ttl: Duration) -> Result<String, SigningError> {
        self.users.sign(AUDIENCE, &user.to_string(), self.clock.now(), ttl)
    }

    /// The user that an access token is for.
    pub fn verify_access(&self, token: &str) -> Result<UserId, TokenError> {
        self.unless_expired(self.check(token)?).map(|identity| identity.user_id)
    }

    /// Checks all of an access token but its time.
    pub fn check(&self, token: &str) -> Result<CheckedToken, TokenError> {
        let claims = self.users.check(AUDIENCE, token)?;
        let user_id = parse_uuid(&claims.sub).map(UserId::from).ok_or(TokenError::WrongClaims)?;
        Ok(CheckedToken { user_id, exp: claims.exp })
    }

    /// Whose token it is that was checked, unless its time is over.
    pub fn unless_expired(&self, checked: CheckedToken) -> Result<Identity, TokenError> {
        check_expiry(checked.exp, &self.clock)?;
        Ok(Identity { user_id: checked.user_id })
    }

    /// A token with which `caller` calls `called`, and nobody else.
    pub fn issue_for_service(&self, caller: Service, called: Service) -> Result<String, SigningError> {
        self.services.sign(called.name(), caller.name(), self.clock.now(), SERVICE_TOKEN_TTL)
    }

    /// The name of the service that has made a token for a call to `called`.
    pub fn verify_for_service(&self, token: &str, called: Service) -> Result<String, TokenError> {
        let claims = self.services.check(called.name(), token)?;
        check_expiry(claims.exp, &self.clock)?;
        Ok(claims.sub)
    }
}

/// An access token that is good until its time is over.
#[derive(Debug, Clone, Copy)]
pub struct CheckedToken {
    user_id: UserId,
    exp: i64,
}

/// `exp` counts in seconds.
fn check_expiry(exp: i64, clock: &Clock) -> Result<(), TokenError> {
    let leeway = i64::try_from(LEEWAY.as_secs()).unwrap_or_default();
    if exp <= clock.micros().div_euclid(1_000_000) - leeway { Err(TokenError::Expired) } else { Ok(()) }
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKeys")
    }
}

struct Key {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl Key {
    fn new(secret: &[u8]) -> Self {
        Self { encoding: EncodingKey::from_secret(secret), decoding: DecodingKey::from_secret(secret) }
    }

    fn sign(
        &self,
        audience: &str,
        subject: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<String, SigningError> {
        let claims = Claims {
            iss: ISSUER,
            aud: audience,
            sub: subject,
            iat: now.as_seconds(),
            exp: now.plus(ttl).as_seconds(),
            jti: TokenId::generate(),
        };
        jsonwebtoken::encode(&Header::new(jwt::ALGORITHM), &claims, &self.encoding).map_err(|_| SigningError)
    }

    /// Checks all but the time, which is checked against the clock that was passed in.
    fn check(&self, audience: &str, token: &str) -> Result<CheckedClaims, TokenError> {
        let mut validation = Validation::new(jwt::ALGORITHM);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
        validation.validate_exp = false;
        let token = jsonwebtoken::decode::<CheckedClaims>(token, &self.decoding, &validation);
        token.map(|token| token.claims).map_err(|error| TokenError::from(error.kind()))
    }
}

/// The claims of a token (RFC 7519, 4.1).
#[derive(Debug, Serialize)]
struct Claims<'a> {
    iss: &'static str,
    aud: &'a str,
    sub: &'a str,
    iat: i64,
    exp: i64,
    jti: TokenId,
}

/// What is looked at in a token once its signature, issuer and audience have been checked.
#[derive(Debug, Deserialize)]
struct CheckedClaims {
    sub: String,
    exp: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(clock: &Clock) -> TokenKeys {
        TokenKeys::new(&SecretString::from("a secret of at least 32 bytes, yes"), clock.clone()).unwrap()
    }

    #[test]
    fn a_short_secret_is_refused_and_not_told() {
        let error = TokenKeys::new(&SecretString::from("hunter2"), Clock::system()).unwrap_err().to_string();
        assert_eq!(error, "SECRET_KEY: has 7 bytes; expected at least 32");
    }

    #[test]
    fn an_access_token_lives_for_its_time_and_the_leeway() {
        let clock = Clock::manual();
        let keys = keys(&clock);
        let user = UserId::generate();
        let token = keys.issue_access(user, Duration::from_secs(60)).unwrap();
        assert_eq!(keys.verify_access(&token), Ok(user));
        clock.advance(Duration::from_secs(64));
        assert_eq!(keys.verify_access(&token), Ok(user));
        clock.advance(Duration::from_secs(1));
        assert_eq!(keys.verify_access(&token), Err(TokenError::Expired));
    }

    #[test]
    fn users_and_services_cannot_pass_for_each_other() {
        let keys = keys(&Clock::system());
        let user = keys.issue_access(UserId::generate(), Duration::from_secs(60)).unwrap();
        let service = keys.issue_for_service(Service::Auth, Service::Chat).unwrap();
        assert_eq!(keys.verify_for_service(&service, Service::Chat).as_deref(), Ok("auth"));
        assert_eq!(keys.verify_for_service(&service, Service::Branch), Err(TokenError::WrongClaims));
        assert_eq!(keys.verify_for_service(&user, Service::Chat), Err(TokenError::BadSignature));
        assert_eq!(keys.verify_access(&service), Err(TokenError::BadSignature));
    }

    #[test]
    fn another_algorithm_or_another_key_does_not_count() {
        let keys = keys(&Clock::system());
        let token = keys.issue_access(UserId::generate(), Duration::from_secs(60)).unwrap();
        let (_, rest) = token.split_once('.').unwrap();
        let (claims, _) = rest.split_once('.').unwrap();
        // {"alg":"none","typ":"JWT"}
        let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
        assert_eq!(keys.verify_access(&unsigned), Err(TokenError::Malformed));
        let other = SecretString::from("another secret of 32 bytes or more");
        let other = TokenKeys::new(&other, Clock::system()).unwrap();
        assert_eq!(other.verify_access(&token), Err(TokenError::BadSignature));
        assert_eq!(keys.verify_access("no token"), Err(TokenError::Malformed));
    }
}
