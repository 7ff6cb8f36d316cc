//! Which pages of other origins may call the API, and read its answers (the CORS protocol of the Fetch standard).

use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderValue,
    ORIGIN, VARY,
};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use reqwest::Url;
use std::str::FromStr;

const METHODS: &str = "GET, HEAD, POST, PUT, DELETE";
const REQUEST_HEADERS: &str =
    "Accept, Authorization, Content-Type, Idempotency-Key, traceparent, X-Request-Id";
const ANSWER_HEADERS: &str =
    "Link, X-Request-Id, X-Branch-Id, Idempotency-Replayed, Retry-After, RateLimit, RateLimit-Policy";
/// In seconds. Two hours are the most that browsers keep it.
const MAX_AGE: &str = "7200";

/// The origins whose pages may call the API. Credentials mode stays off: a token is sent by who has it, never by a browser
/// of its own accord.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// No other than the gateway's own.
    #[default]
    None,
    /// All.
    Any,
    /// Those on the machine of who looks at the page, at any port.
    Local,
    /// Exactly these.
    Listed(Vec<String>),
}

impl FromStr for AllowedOrigins {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let origin = |text: &str| {
            let wrong = || format!("{text:?} is no origin as browsers send it");
            is_origin(text).then(|| text.to_owned()).ok_or_else(wrong)
        };
        text.split(',').map(|text| origin(text.trim())).collect::<Result<_, _>>().map(Self::Listed)
    }
}

/// Whether this is what a browser sends: in lower case, without a default port, a path or a slash at its end. A star would
/// be taken for a part of a name.
fn is_origin(text: &str) -> bool {
    !text.contains('*') && Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text)
}

/// Tells a browser whether the page may read an answer.
pub(super) fn finish(answer: &mut ServiceResponse) {
    let Some(origins) = allowed_origins(answer.request()) else {
        return;
    };
    let allowed = origins.allow(answer.request());
    let headers = answer.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(allowed) = allowed {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(ANSWER_HEADERS));
    }
}

/// Which ones, if any are allowed at all.
fn allowed_origins(request: &HttpRequest) -> Option<Data<AllowedOrigins>> {
    let origins = request.app_data::<Data<AllowedOrigins>>()?;
    (***origins != AllowedOrigins::None).then(|| origins.clone())
}

impl AllowedOrigins {
    /// What allows the origin of a request.
    fn allow(&self, request: &HttpRequest) -> Option<HeaderValue> {
        let origin = request.headers().get(ORIGIN)?;
        let text = origin.to_str().ok()?;
        match self {
            Self::None => None,
            Self::Any => Some(HeaderValue::from_static("*")),
            Self::Local => is_local(text).then(|| origin.clone()),
            Self::Listed(origins) => origins.iter().any(|allowed| allowed == text).then(|| origin.clone()),
        }
    }
}

fn is_local(origin: &str) -> bool {
    let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    host.is_some_and(|host| {
        let rest = ["localhost", "127.0.0.1", "[::1]"].iter().find_map(|local| host.strip_prefix(local));
        rest.is_some_and(|port| {
            port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
        })
    })
}

/// The answer to a browser that asks whether the page may send a request to a route, if its origin is allowed.
pub(crate) fn preflight(request: &HttpRequest) -> Option<HttpResponse> {
    let is_asked =
        request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if !is_asked {
        return None;
    }
    allowed_origins(request)?.allow(request)?;
    let mut answer = HttpResponse::NoContent();
    answer.insert_header((ACCESS_CONTROL_ALLOW_METHODS, METHODS));
    answer.insert_header((ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS));
    answer.insert_header((ACCESS_CONTROL_MAX_AGE, MAX_AGE));
    Some(answer.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_taken_as_browsers_send_them() {
        assert_eq!("*".parse(), Ok(AllowedOrigins::Any));
        let listed = ["https://a.example", "http://b.example:8080", "http://[::1]:3000"];
        let expected = AllowedOrigins::Listed(listed.map(str::to_owned).to_vec());
        assert_eq!(listed.join(", ").parse(), Ok(expected));
        for wrong in [
            "a.example",
            "https://a.example/",
            "https://a.example/x",
            "https://A.example",
            "https://a.example:443",
            "https://*.example",
            "https://a.example,",
            "https://a.example, *",
            "null",
            "https://u@a.example",
        ] {
            assert!(wrong.parse::<AllowedOrigins>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn local_is_what_is_on_this_machine() {
        for origin in
            ["http://localhost", "https://localhost:3000", "http://127.0.0.1:80", "http://[::1]:5173"]
        {
            assert!(is_local(origin), "{origin}");
        }
        for origin in [
            "null",
            "http://localhost.evil",
            "http://localhost:3000.evil",
            "http://localhost:",
            "ftp://localhost",
            "http://evil/http://localhost",
            "http://127.0.0.1.evil",
            "http://localhost@evil",
        ] {
            assert!(!is_local(origin), "{origin}");
        }
    }
}
