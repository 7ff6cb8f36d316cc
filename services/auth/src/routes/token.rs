//! `POST /auth/token`: the token endpoint of OAuth 2, with the grants of RFC 6749, 4.3 and 6.

mod document;

pub use document::{TokenErrorBody, TokenErrors, TokenRequest};

use super::login::Credentials;
use super::refresh::PresentedToken;
use crate::client_address::ClientAddress;
use crate::error::Error;
use crate::sessions::{TokenPair, open_session, refresh_session};
use crate::state::State;
use actix_web::HttpRequest;
use actix_web::web::{Data, Json};
use shared::validation::{Field, Reason, TextField, Value};
use shared_web::input::{Body, Fields, FromBody, FromFields, Input, Invalid, OAuthForm, Settings};
use shared_web::problem::Problem;

/// What tokens are asked for.
#[derive(Debug)]
pub enum Grant {
    /// Name and password.
    Password(Credentials),
    /// A refresh token.
    RefreshToken(PresentedToken),
    /// Something else.
    Unsupported,
}

impl FromBody for Grant {
    type Head = ();

    const IS_READ: bool = true;

    fn read_head(request: &HttpRequest) -> Result<(), Problem> {
        OAuthForm::<GrantType>::read_head(request)
    }

    fn from_body((): (), settings: &Settings, bytes: &[u8]) -> Result<Self, Problem> {
        let OAuthForm(grant_type) = OAuthForm::from_body((), settings, bytes)?;
        match grant_type {
            GrantType::Password => {
                OAuthForm::from_body((), settings, bytes).map(|form| Self::Password(form.0))
            }
            GrantType::RefreshToken => {
                OAuthForm::from_body((), settings, bytes).map(|form| Self::RefreshToken(form.0))
            }
            GrantType::Other => Ok(Self::Unsupported),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GrantType {
    Password,
    RefreshToken,
    Other,
}

impl TextField for GrantType {
    fn parse(text: String) -> Result<Self, Reason> {
        Ok(match text.as_str() {
            "password" => Self::Password,
            "refresh_token" => Self::RefreshToken,
            _ => Self::Other,
        })
    }
}

impl FromFields for GrantType {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        let grant_type = fields.required("grant_type");
        // No client is registered and a token is for all that its user may do, so that these say nothing here; but no
        // parameter that RFC 6749 has may come twice.
        for name in ["client_id", "client_secret", "scope"] {
            fields.optional::<Ignored>(name)?;
        }
        grant_type
    }
}

/// A parameter that may be there, whatever it is.
struct Ignored;

impl Field for Ignored {
    fn parse(_: Value<'_>) -> Result<Self, Reason> {
        Ok(Self)
    }
}

/// Get tokens as OAuth 2 has it: for name and password, or for a refresh token, which is used up
///
/// For clients of RFC 6749 (4.3 and 6): what login and refresh do, in its words, errors included. Other clients need not know it.
#[utoipa::path(
    post, path = "/api/v1/auth/token", tag = "auth", security(()),
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "Tokens", body = TokenPair), TokenErrors)
)]
pub async fn create_token(
    state: Data<State>,
    address: ClientAddress,
    Input { body: grant, .. }: Body<Grant>,
) -> Result<Json<TokenPair>, Error> {
    let tokens = match grant {
        Grant::Password(Credentials { username, password }) => {
            state.password_grants.take(address)?;
            open_session(&state, &username, &password, address).await?
        }
        Grant::RefreshToken(PresentedToken { refresh_token }) => {
            refresh_session(&state, &refresh_token).await?
        }
        Grant::Unsupported => return Err(Error::UnsupportedGrantType),
    };
    Ok(Json(tokens))
}
