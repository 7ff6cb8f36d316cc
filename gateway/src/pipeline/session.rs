//! The phases of a request of the page's session: it passes to the auth service as a request of the API does, with all limits, and the
//! refresh token moves between the body and the cookie.

use super::Pipeline;
use crate::error::Error;
use crate::proxy::headers::{BodyLength, body_length};
use crate::proxy::request_body::RequestBody;
use crate::proxy::telemetry;
use crate::request_context::RequestContext;
use crate::routing::session::SessionRoute;
use crate::session::cookie::SessionCookie;
use crate::session::same_origin;
use crate::session::tokens::{IssuedTokens, TokenResponse};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, InvalidHeaderValue, SET_COOKIE};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use shared_web::body_limits::MAX_AUTH_BODY_BYTES;
use shared_web::problem::Problem;
use shared_web::server::ProxyLogFields;
use shared_web::telemetry::Trace;
use std::time::Instant;

/// A request of the session, with what its phases share.
struct SessionRequest<'r> {
    request: &'r HttpRequest,
    body: &'r RequestBody,
    trace: &'r Trace,
    started: Option<Instant>,
    cookie: SessionCookie,
    record: &'r mut ProxyLogFields,
}

impl Pipeline {
    /// The session's route of a path; `None` where there is no page.
    pub(super) fn session_route(&self, path: &str) -> Option<SessionRoute> {
        self.session.as_ref().and_then(|_| SessionRoute::find(path))
    }

    /// The phases, in order. A request that the page does not send counts as one whose head is refused.
    pub(super) async fn run_session(
        &self,
        route: SessionRoute,
        request: &HttpRequest,
        body: &RequestBody,
        trace: &Trace,
        record: &mut ProxyLogFields,
    ) -> Result<HttpResponse, Problem> {
        let started = telemetry::start();
        record.route = Some(route.path());
        let settings = self.session.as_ref().ok_or(Error::NoRoute)?;
        if let Err(refusal) = same_origin::check(request, settings) {
            self.admit_unrouted(request)?;
            return Err(refusal);
        }
        let context = RequestContext::with_target(request, trace, route.target())?;
        self.limits.admit(&context, Ok(None))?;
        let cookie = SessionCookie::of(request, settings);
        let mut session = SessionRequest { request, body, trace, started, cookie, record };
        match route {
            SessionRoute::Login => self.log_in(&mut session).await,
            SessionRoute::Refresh => self.refresh(&mut session).await,
            SessionRoute::Logout => self.log_out(&mut session).await,
        }
    }

    /// Login: the body goes as it came. Errors are those of the auth service.
    async fn log_in(&self, session: &mut SessionRequest<'_>) -> Result<HttpResponse, Problem> {
        let context = session.context(SessionRoute::Login)?;
        let length = body_length(session.request.headers())?;
        let response = self.forward(&context, (session.body, length), None, session.record).await?;
        match TokenResponse::of(response).await? {
            TokenResponse::Issued(tokens) => session.answer(&tokens),
            TokenResponse::Unauthorized(response) | TokenResponse::Other(response) => Ok(response),
        }
    }

    /// Refresh: 204 where nobody is signed in, which is no error to a page that asks.
    async fn refresh(&self, session: &mut SessionRequest<'_>) -> Result<HttpResponse, Problem> {
        self.discard_body(session).await?;
        let Some(token) = session.cookie.token(session.request) else { return session.answer_signed_out() };
        match self.use_token(session, &token).await? {
            TokenResponse::Issued(tokens) => session.answer(&tokens),
            TokenResponse::Unauthorized(_) => session.answer_signed_out(),
            TokenResponse::Other(response) => Ok(response),
        }
    }

    /// Logout: the auth service revokes a refresh token for its user alone, so that the token is used first, for an access token. The cookie
    /// stays until the auth service has done its part, with the token that counts by then.
    async fn log_out(&self, session: &mut SessionRequest<'_>) -> Result<HttpResponse, Problem> {
        self.discard_body(session).await?;
        let Some(token) = session.cookie.token(session.request) else { return session.answer_signed_out() };
        let tokens = match self.use_token(session, &token).await? {
            TokenResponse::Issued(tokens) => tokens,
            TokenResponse::Unauthorized(_) => return session.answer_signed_out(),
            TokenResponse::Other(response) => return Ok(response),
        };
        let kept = session.cookie.set(&tokens.refresh_token).map_err(unusable)?;
        let mut context = session.context(SessionRoute::Logout)?;
        context.authorization = Some(format!("Bearer {}", tokens.access.access_token));
        match self.send_token(session, &context, &tokens.refresh_token).await {
            Ok(response)
                if response.status().is_success() || response.status() == StatusCode::UNAUTHORIZED =>
            {
                session.answer_signed_out()
            }
            Ok(mut response) => {
                response.headers_mut().append(SET_COOKIE, kept);
                Ok(response)
            }
            Err(problem) => Err(problem.with_header(SET_COOKIE, kept)),
        }
    }

    /// Uses a refresh token up for new tokens.
    async fn use_token(
        &self,
        session: &mut SessionRequest<'_>,
        token: &str,
    ) -> Result<TokenResponse, Problem> {
        let context = session.context(SessionRoute::Refresh)?;
        let response = self.send_token(session, &context, token).await?;
        Ok(TokenResponse::of(response).await?)
    }

    /// Sends a refresh token in a body of the gateway's own.
    async fn send_token(
        &self,
        session: &mut SessionRequest<'_>,
        context: &RequestContext<'_>,
        token: &str,
    ) -> Result<HttpResponse, Problem> {
        let bytes = Bytes::from(json!({"refresh_token": token}).to_string());
        // A length always fits.
        let length = BodyLength::Known(bytes.len().try_into().unwrap_or(u64::MAX));
        let body = RequestBody::new(Payload::from(bytes));
        self.forward(context, (&body, length), None, session.record).await
    }

    async fn discard_body(&self, session: &SessionRequest<'_>) -> Result<(), Error> {
        session.body.discard(MAX_AUTH_BODY_BYTES, self.proxy.timeouts().request_body).await
    }
}

impl<'r> SessionRequest<'r> {
    /// The context of a request to the auth service.
    fn context(&self, route: SessionRoute) -> Result<RequestContext<'r>, Error> {
        let mut context = RequestContext::with_target(self.request, self.trace, route.target())?;
        context.started = self.started;
        Ok(context)
    }

    /// 200 with the access token; the refresh token goes into the cookie.
    fn answer(&self, tokens: &IssuedTokens) -> Result<HttpResponse, Problem> {
        let cookie = self.cookie.set(&tokens.refresh_token).map_err(unusable)?;
        Ok(HttpResponse::Ok().append_header((SET_COOKIE, cookie)).json(&tokens.access))
    }

    /// 204 without the cookie.
    fn answer_signed_out(&self) -> Result<HttpResponse, Problem> {
        let cookie: HeaderValue = self.cookie.clear().map_err(unusable)?;
        Ok(HttpResponse::NoContent().append_header((SET_COOKIE, cookie)).finish())
    }
}

/// 500: a refresh token is no text of a header.
fn unusable(error: InvalidHeaderValue) -> Problem {
    Problem::internal(error)
}
