//! The two forms of an error body.

use super::field_error::FieldError;
use super::parts::Parts;
use actix_web::http::header::{self, HeaderMap};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The error body of `application/json`, for the `OpenAPI` document.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// What is wrong, for people.
    pub detail: String,
    /// What is wrong, for programs. New codes may come.
    pub code: String,
    /// The request's id, as in `X-Request-Id`.
    pub request_id: String,
}

/// The body of a 422.
#[derive(Debug, Serialize, ToSchema)]
pub struct ValidationErrorBody {
    /// Each field that is wrong.
    pub detail: Vec<FieldError>,
    /// What is wrong, for programs: `validation_error` or a code that says more.
    pub code: String,
    /// The request's id, as in `X-Request-Id`.
    pub request_id: String,
}

/// The error body of `application/problem+json` (RFC 9457), for the `OpenAPI` document.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemDetails {
    /// `about:blank`: the code says what is wrong.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the status means.
    pub title: String,
    /// The status.
    pub status: i32,
    /// What is wrong, for people.
    pub detail: String,
    /// What is wrong, for programs. New codes may come.
    pub code: String,
    /// The request's id, as in `X-Request-Id`.
    pub request_id: String,
    /// Each field that is wrong, where the status is 422.
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
    /// What else an error has to say, such as `head_response_id`.
    #[serde(flatten)]
    pub members: BTreeMap<String, Value>,
}

/// The media type and the text of a body, in the form that the request accepts.
pub(super) fn write(parts: &Parts, request_headers: &HeaderMap, request_id: &str) -> (&'static str, String) {
    let (media_type, body) = if wants_problem_json(request_headers) {
        ("application/problem+json", serde_json::to_string(&Rfc9457Body::of(parts, request_id)))
    } else {
        ("application/json", serde_json::to_string(&PlainBody::of(parts, request_id)))
    };
    // Serialization cannot fail.
    (media_type, body.unwrap_or_default())
}

/// The body in both of its forms.
pub(super) fn values(parts: &Parts, request_id: &str) -> (Value, Value) {
    let value = |body: serde_json::Result<Value>| body.unwrap_or_default();
    let plain = serde_json::to_value(PlainBody::of(parts, request_id));
    (value(plain), value(serde_json::to_value(Rfc9457Body::of(parts, request_id))))
}

#[derive(Serialize)]
struct PlainBody<'a> {
    detail: Detail<'a>,
    code: &'a str,
    request_id: &'a str,
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

impl<'a> PlainBody<'a> {
    fn of(parts: &'a Parts, request_id: &'a str) -> Self {
        let errors = &parts.errors;
        let detail = if errors.is_empty() { Detail::Text(&parts.detail) } else { Detail::Fields(errors) };
        Self { detail, code: parts.code, request_id, members: &parts.members }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Detail<'a> {
    Text(&'a str),
    Fields(&'a [FieldError]),
}

#[derive(Serialize)]
struct Rfc9457Body<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

impl<'a> Rfc9457Body<'a> {
    fn of(parts: &'a Parts, request_id: &'a str) -> Self {
        Self {
            kind: "about:blank",
            title: parts.status.canonical_reason().unwrap_or("Error"),
            status: parts.status.as_u16(),
            detail: &parts.detail,
            code: parts.code,
            request_id,
            errors: &parts.errors,
            members: &parts.members,
        }
    }
}

/// Whether `Accept` names `application/problem+json`, and not with a weight of zero.
fn wants_problem_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/problem+json"));
        let refused =
            parts.any(|p| p.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0)));
        named && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn accept(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(value))])
    }

    #[test]
    fn problem_json_is_sent_only_if_accept_names_it() {
        for yes in ["application/problem+json", "text/html, application/Problem+JSON;q=0.5"] {
            assert!(wants_problem_json(&accept(yes)), "{yes}");
        }
        for no in ["*/*", "application/json", "application/problem+json; q=0"] {
            assert!(!wants_problem_json(&accept(no)), "{no}");
        }
    }
}
