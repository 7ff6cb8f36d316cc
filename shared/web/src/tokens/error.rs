//! Errors of tokens.

use crate::problem::Problem;
use jsonwebtoken::errors::ErrorKind;

/// Why a token is refused. Clients learn only that it is, or that there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is none.
    #[error("there is no token")]
    Missing,
    /// It is not a token.
    #[error("the token is malformed")]
    Malformed,
    /// It was signed with another key or algorithm.
    #[error("the token's signature is not ours")]
    BadSignature,
    /// Its claims are not those of a token of this kind.
    #[error("the token's claims are not those of this kind of token")]
    WrongClaims,
    /// It has expired.
    #[error("the token has expired")]
    Expired,
}

/// A token could not be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no token could be made")]
pub struct SigningError;

impl TokenError {
    /// The label of the metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::BadSignature => "bad_signature",
            Self::WrongClaims => "wrong_claims",
            Self::Expired => "expired",
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        let problem = match error {
            TokenError::Missing => Self::unauthorized("not_authenticated", "Not authenticated"),
            TokenError::Malformed
            | TokenError::BadSignature
            | TokenError::WrongClaims
            | TokenError::Expired => Self::unauthorized("invalid_token", "Invalid token").with_cause(error),
        };
        problem.with_refused_token(error.name())
    }
}

impl From<&ErrorKind> for TokenError {
    fn from(kind: &ErrorKind) -> Self {
        match kind {
            ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm => Self::BadSignature,
            ErrorKind::MissingRequiredClaim(_)
            | ErrorKind::InvalidClaimFormat(_)
            | ErrorKind::InvalidIssuer
            | ErrorKind::InvalidAudience
            | ErrorKind::InvalidSubject => Self::WrongClaims,
            // Other errors do not occur with tokens of this crate.
            _ => Self::Malformed,
        }
    }
}
