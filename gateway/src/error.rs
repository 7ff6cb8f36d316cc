//! The gateway's own errors, with their status and code. Errors of services pass through as they are.

use crate::routing::upstream::Upstream;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use shared::error::causes;
use shared_web::body_limits::OutOfMemory;
use shared_web::input::{body_encoded, body_too_slow, payload_too_large};
use shared_web::problem::{ApiError, Problem};

/// An error of the gateway's own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// 400: with hyphens for underscores, as CGI reads it, a header's name is one that has a meaning.
    #[error("A header has underscores in its name where hyphens belong")]
    HeaderName,
    /// 400: the host is neither a name nor an address.
    #[error("The host is not valid")]
    InvalidHost,
    /// 400: a request for a WebSocket announces a length, but the server takes all that follows as its body.
    #[error("A request for a WebSocket must not have a body")]
    UpgradeWithBody,
    /// 400: the request's target cannot be passed on.
    #[error("The path or query is not valid")]
    InvalidTarget,
    /// 400: the body ended before it was complete.
    #[error("The body ended too early")]
    BodyBroken,
    /// 403: a page of another origin has sent a request that only the gateway's own page may send.
    #[error("The request comes from a page of another origin")]
    CrossSite,
    /// 404: no route matches.
    #[error("Not Found")]
    NoRoute,
    /// 408: the body comes too slowly.
    #[error("The body did not arrive in time")]
    BodyTooSlow,
    /// 413: the body is over this limit, in bytes.
    #[error("The body is too large")]
    BodyTooLarge(usize),
    /// 415: the body has a content coding.
    #[error("The body is encoded")]
    BodyEncoded,
    /// 429: too many requests of one user, or from one address; with the seconds after which the next one is taken.
    #[error("Too many requests, try again later")]
    RateLimited(u64),
    /// 431: with the headers that the gateway adds, there are more than a service takes.
    #[error("The request has too many headers")]
    TooManyHeaders,
    /// 431: with the headers that the gateway adds, the head has more bytes than a service takes.
    #[error("The head of the request is too large")]
    HeadTooLarge,
    /// 501: no resource has this method.
    #[error("The method is not implemented")]
    MethodNotImplemented,
    /// 503: there is no memory for the body.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
    /// 503: the concurrency limit of the service.
    #[error("The service {0} is overloaded, try again")]
    Overloaded(Upstream),
    /// 503: the service was not reached, or closed the connection without a response.
    #[error("the service {upstream} gave no answer")]
    UpstreamUnavailable {
        /// The service.
        upstream: Upstream,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// 503: the name of the service has no address.
    #[error("the service {0} has no address")]
    NoAddress(Upstream),
    /// 503: the `OpenAPI` document of a service was never fetched.
    #[error("no OpenAPI document of: {0}")]
    NoDocument(String),
    /// 504: the service was reached, but did not respond in time.
    #[error("the service {0} did not answer in time")]
    UpstreamTimeout(Upstream),
}

impl ApiError for Error {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::HeaderName => (StatusCode::BAD_REQUEST, "invalid_header_name"),
            Self::InvalidHost | Self::UpgradeWithBody | Self::InvalidTarget | Self::BodyBroken => {
                (StatusCode::BAD_REQUEST, "bad_request")
            }
            Self::CrossSite => (StatusCode::FORBIDDEN, "cross_site"),
            Self::NoRoute => (StatusCode::NOT_FOUND, "not_found"),
            Self::BodyTooSlow => (StatusCode::REQUEST_TIMEOUT, "request_timeout"),
            Self::BodyTooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large"),
            Self::BodyEncoded => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
            Self::RateLimited(_) => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
            Self::TooManyHeaders => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "too_many_headers"),
            Self::HeadTooLarge => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "head_too_large"),
            Self::MethodNotImplemented => (StatusCode::NOT_IMPLEMENTED, "not_implemented"),
            Self::OutOfMemory(_) | Self::Overloaded(_) => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
            Self::UpstreamUnavailable { .. } | Self::NoAddress(_) | Self::NoDocument(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "service_unavailable")
            }
            Self::UpstreamTimeout(_) => (StatusCode::GATEWAY_TIMEOUT, "upstream_timeout"),
        }
    }

    fn decorate(&self, problem: Problem) -> Problem {
        match self {
            Self::BodyTooLarge(max_bytes) => payload_too_large(*max_bytes),
            Self::BodyEncoded => body_encoded(),
            Self::BodyTooSlow => body_too_slow(),
            Self::OutOfMemory(error) => (*error).into(),
            Self::RateLimited(seconds) => problem.with_header(RETRY_AFTER, HeaderValue::from(*seconds)),
            // 501 and 504 are made here, as every other 5xx is a 500 or a 503.
            Self::MethodNotImplemented => Problem::new(self.status(), self.code(), self.to_string()),
            // Without a cause, so that it is not logged: it is counted, and a line for each would only add to the load.
            Self::Overloaded(_) => {
                Problem::new(self.status(), self.code(), "The service is overloaded, try again")
                    .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
            }
            Self::UpstreamTimeout(_) => {
                Problem::new(self.status(), self.code(), "The service did not answer in time")
                    .with_cause(causes(self))
            }
            Self::HeaderName
            | Self::InvalidHost
            | Self::UpgradeWithBody
            | Self::InvalidTarget
            | Self::BodyBroken
            | Self::CrossSite
            | Self::NoRoute
            | Self::TooManyHeaders
            | Self::HeadTooLarge
            | Self::UpstreamUnavailable { .. }
            | Self::NoAddress(_)
            | Self::NoDocument(_) => problem,
        }
    }
}
