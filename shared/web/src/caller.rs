//! Authentication as extractors: a handler that takes [`Identity`] is protected, and one without is visibly public.

use crate::context::Context;
use crate::problem::Problem;
pub use crate::tokens::Identity;
use crate::tokens::{TokenError, TokenKeys};
use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use std::future::{Ready, ready};

impl Identity {
    /// Verifies the access token of a request.
    pub fn of(headers: &HeaderMap, keys: &TokenKeys) -> Result<Self, Problem> {
        let user_id = keys.verify_access(bearer_token(headers)?)?;
        Ok(Self { user_id })
    }
}

impl FromRequest for Identity {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(context(request).and_then(|context| {
            let identity = Self::of(request.headers(), &context.keys)?;
            request.extensions_mut().insert(identity);
            Ok(identity)
        }))
    }
}

/// The authenticated service that calls this one.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Its name.
    pub service: String,
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(context(request).and_then(|context| {
            let token = bearer_token(request.headers())?;
            let service = context.keys.verify_for_service(token, context.service)?;
            Ok(Self { service })
        }))
    }
}

fn context(request: &HttpRequest) -> Result<&Data<Context>, Problem> {
    request.app_data::<Data<Context>>().ok_or_else(|| Problem::internal("the server has no context"))
}

/// The token of `Authorization: Bearer` (RFC 6750, 2.1), the scheme in any case (RFC 9110, 11.1).
pub fn bearer_token(headers: &HeaderMap) -> Result<&str, TokenError> {
    let value = headers.get(AUTHORIZATION).ok_or(TokenError::Missing)?;
    let value = str::from_utf8(value.as_bytes()).ok().filter(|value| value.is_ascii());
    let value = value.ok_or(TokenError::Malformed)?;
    let (scheme, token) = value.trim().split_once(' ').ok_or(TokenError::Missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(TokenError::Missing) }
}
