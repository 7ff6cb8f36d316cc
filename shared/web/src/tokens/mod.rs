//! Access tokens of users, and tokens between services.
//!
//! Both are JWTs (RFC 7519) signed with HS256. Users' tokens are signed with `SECRET_KEY`, those between services with a key derived
//! from it, so that neither is accepted as the other. The holder of `SECRET_KEY` can impersonate every user.

mod error;
mod identity;
mod jwt;
mod ttl;

pub use error::{SigningError, TokenError};
pub use identity::Identity;
pub use ttl::{TOKEN_TTL_SECONDS, access_token_ttl, account_retention, refresh_token_ttl};

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
/// The leeway of expiry, for clocks that differ.
const LEEWAY: Duration = Duration::from_secs(5);
/// The lifetime of a token between services, which is used for one call.
const SERVICE_TOKEN_TTL: Duration = Duration::from_secs(60);
/// The fewest bytes of a secret from which keys are derived: the size of the hash (RFC 7518, 3.2).
const MIN_SECRET_BYTES: usize = 32;

/// Checks that the secret of this variable has at least 32 bytes.
pub fn check_secret(name: &str, secret: &SecretString) -> Result<(), ConfigError> {
    match secret.expose_secret().len() {
        bytes if bytes < MIN_SECRET_BYTES => {
            Err(ConfigError::new(name, format!("has {bytes} bytes; expected at least {MIN_SECRET_BYTES}")))
        }
        _ => Ok(()),
    }
}

/// The keys that sign and verify tokens. Cheap to clone.
#[derive(Clone)]
pub struct TokenKeys {
    users: Arc<Key>,
    services: Arc<Key>,
    clock: Clock,
}

impl TokenKeys {
    /// Derives the keys from `SECRET_KEY`, which must have at least 32 bytes.
    pub fn new(secret: &SecretString, clock: Clock) -> Result<Self, ConfigError> {
        check_secret("SECRET_KEY", secret)?;
        let secret = secret.expose_secret().as_bytes();
        jwt::install();
        let services = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"internal");
        Ok(Self { users: Arc::new(Key::new(secret)), services: Arc::new(Key::new(services.as_ref())), clock })
    }

    /// As [`TokenKeys::new`], with the secret of the environment.
    pub fn from_env(env: &Env, clock: Clock) -> Result<Self, ConfigError> {
        let secret = env.required_secret("SECRET_KEY", "at least 32 bytes, the same for every service")?;
        Self::new(&secret, clock)
    }

    /// Issues an access token for a user.
    pub fn issue_access(&self, user: UserId, ttl: Duration) -> Result<String, SigningError> {
        self.users.sign(AUDIENCE, &user.to_string(), self.clock.now(), ttl)
    }

    /// Verifies an access token, and returns its user.
    pub(crate) fn verify_access(&self, token: &str) -> Result<UserId, TokenError> {
        self.unless_expired(self.check(token)?).map(|identity| identity.user_id)
    }

    /// Verifies all of an access token but its expiry.
    pub fn check(&self, token: &str) -> Result<CheckedToken, TokenError> {
        let claims = self.users.check(AUDIENCE, token)?;
        let user_id = parse_uuid(&claims.sub).map(UserId::from).ok_or(TokenError::WrongClaims)?;
        Ok(CheckedToken { user_id, exp: claims.exp })
    }

    /// The user of a checked token, unless it has expired.
    pub fn unless_expired(&self, checked: CheckedToken) -> Result<Identity, TokenError> {
        check_expiry(checked.exp, &self.clock)?;
        Ok(Identity { user_id: checked.user_id })
    }

    /// Issues a token with which `caller` calls `called`, and no other service.
    pub fn issue_for_service(&self, caller: Service, called: Service) -> Result<String, SigningError> {
        self.services.sign(called.name(), caller.name(), self.clock.now(), SERVICE_TOKEN_TTL)
    }

    /// Verifies a token for a call to `called`, and returns the name of the caller.
    pub(crate) fn verify_for_service(&self, token: &str, called: Service) -> Result<String, TokenError> {
        let claims = self.services.check(called.name(), token)?;
        check_expiry(claims.exp, &self.clock)?;
        Ok(claims.sub)
    }
}

/// An access token that is valid but for its expiry, which is not checked yet.
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

    /// Verifies all but the expiry, which is compared with the clock of [`TokenKeys`].
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

/// The claims that are read once signature, issuer and audience are verified.
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
    fn a_short_secret_is_refused_without_quoting_it() {
        let error = TokenKeys::new(&SecretString::from("hunter2"), Clock::system()).unwrap_err().to_string();
        assert_eq!(error, "SECRET_KEY: has 7 bytes; expected at least 32");
    }

    #[test]
    fn an_access_token_expires_after_its_ttl_and_the_leeway() {
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
    fn tokens_of_users_and_services_are_not_accepted_as_each_other() {
        let keys = keys(&Clock::system());
        let user = keys.issue_access(UserId::generate(), Duration::from_secs(60)).unwrap();
        let service = keys.issue_for_service(Service::Auth, Service::Chat).unwrap();
        assert_eq!(keys.verify_for_service(&service, Service::Chat).as_deref(), Ok("auth"));
        assert_eq!(keys.verify_for_service(&service, Service::Branch), Err(TokenError::WrongClaims));
        assert_eq!(keys.verify_for_service(&user, Service::Chat), Err(TokenError::BadSignature));
        assert_eq!(keys.verify_access(&service), Err(TokenError::BadSignature));
    }

    #[test]
    fn another_algorithm_or_key_is_refused() {
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
