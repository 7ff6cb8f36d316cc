//! Refresh tokens: random, stored as a hash, used once.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::error::Unspecified;
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretString};
use shared::clock::Timestamp;
use shared::validation::{Reason, TextField};
use std::time::Duration;

/// SHA-256 of a token, which is what is stored. A token of 256 random bits needs no slower hash.
pub type TokenHash = Vec<u8>;

/// A refresh token.
#[derive(Debug, Clone, utoipa::ToSchema)]
#[schema(value_type = String)]
pub struct RefreshToken(SecretString);

impl RefreshToken {
    /// A new token of 256 random bits.
    pub fn generate() -> Result<Self, Unspecified> {
        let mut bits = [0; 32];
        SystemRandom::new().fill(&mut bits)?;
        Ok(Self(SecretString::from(URL_SAFE_NO_PAD.encode(bits))))
    }

    /// The token itself.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The hash by which the token is stored.
    pub fn hash(&self) -> TokenHash {
        digest(&SHA256, self.expose().as_bytes()).as_ref().to_vec()
    }
}

/// A token from a request, valid or not.
impl TextField for RefreshToken {
    fn parse(text: String) -> Result<Self, Reason> {
        Ok(Self(SecretString::from(text)))
    }
}

/// The verdict on a token that was used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// Two tabs, or a lost answer: the refresh is answered again.
    Forgiven,
    /// A stolen copy: the whole family is revoked.
    Theft,
}

impl Reuse {
    /// Judges a token that was first used at `used_at`. If that lies in the future, because another machine's clock is ahead,
    /// no time counts as passed. Once a child token was used, the user has received the answer, and a reuse is theft.
    pub fn classify(used_at: Timestamp, now: Timestamp, grace: Duration, child_was_used: bool) -> Self {
        let is_within_grace = now.max(used_at) < used_at.plus(grace);
        if is_within_grace && !child_was_used { Self::Forgiven } else { Self::Theft }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_are_found_by_their_hash() {
        let (one, other) = (RefreshToken::generate().unwrap(), RefreshToken::generate().unwrap());

        assert_ne!(one.expose(), other.expose());
        assert_eq!(one.expose().len(), 43);
        assert_eq!(RefreshToken::parse(one.expose().to_owned()).unwrap().hash(), one.hash());
        assert_ne!(one.hash(), other.hash());
    }

    #[test]
    fn reuse_is_forgiven_within_the_grace_unless_a_child_was_used() {
        let used_at = Timestamp::from_micros(0).unwrap();
        let at = |seconds| used_at.plus(Duration::from_secs(seconds));
        let ten = Duration::from_secs(10);

        assert_eq!(Reuse::classify(used_at, at(9), ten, false), Reuse::Forgiven);
        assert_eq!(Reuse::classify(used_at, at(9), ten, true), Reuse::Theft);
        assert_eq!(Reuse::classify(used_at, at(10), ten, false), Reuse::Theft);
        assert_eq!(Reuse::classify(used_at, used_at, Duration::ZERO, false), Reuse::Theft);
    }

    #[test]
    fn a_use_in_the_future_counts_as_just_now() {
        let now = Timestamp::from_micros(0).unwrap();
        let used_at = now.plus(Duration::from_micros(1));
        assert_eq!(Reuse::classify(used_at, now, Duration::ZERO, false), Reuse::Theft);
        assert_eq!(Reuse::classify(used_at, now, Duration::from_micros(1), false), Reuse::Forgiven);
    }
}
