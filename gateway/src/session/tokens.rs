//! The tokens that the auth service issues, on their way to the page.

use crate::error::Error;
use crate::routing::upstream::Upstream;
use actix_web::HttpResponse;
use actix_web::body::to_bytes_limited;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};

/// The most bytes of a response with tokens, which has some 500.
const MAX_TOKENS_BYTES: usize = 0x4000;

/// An access token, and the refresh token that gets the next.
#[derive(Deserialize)]
pub(crate) struct IssuedTokens {
    #[serde(flatten)]
    pub(crate) access: AccessGrant,
    /// It goes into the cookie.
    pub(crate) refresh_token: String,
}

/// The part that the page gets.
#[derive(Deserialize, Serialize)]
pub(crate) struct AccessGrant {
    pub(crate) access_token: String,
    token_type: String,
    expires_in: u64,
}

/// The response of the auth service to a login or a refresh.
pub(crate) enum TokenResponse {
    /// The tokens.
    Issued(IssuedTokens),
    /// 401: the credentials do not count.
    Unauthorized(HttpResponse),
    /// Any other response.
    Other(HttpResponse),
}

impl TokenResponse {
    /// Reads a response.
    pub(crate) async fn of(response: HttpResponse) -> Result<Self, Error> {
        match response.status() {
            StatusCode::UNAUTHORIZED => Ok(Self::Unauthorized(response)),
            status if status.is_success() => read(response).await.map(Self::Issued),
            _ => Ok(Self::Other(response)),
        }
    }
}

async fn read(response: HttpResponse) -> Result<IssuedTokens, Error> {
    let unreadable = |source| Error::UpstreamUnavailable { upstream: Upstream::Auth, source };
    let bytes = to_bytes_limited(response.into_body(), MAX_TOKENS_BYTES).await;
    let bytes = bytes.map_err(|error| unreadable(error.into()))?;
    let bytes = bytes.map_err(|error| unreadable(error.to_string().into()))?;
    serde_json::from_slice(&bytes).map_err(|error| unreadable(error.into()))
}
