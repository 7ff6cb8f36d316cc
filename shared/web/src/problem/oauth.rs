//! Errors of OAuth 2 (RFC 6749, 5.2).
//!
//! A client of OAuth 2 knows an error by the member `error`: authlib takes a body without it, at any status below 500, for the new
//! token.

use super::Problem;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, PRAGMA, WWW_AUTHENTICATE};

impl Problem {
    /// The same problem in the form of a token endpoint: with `error` and `error_description` beside its other members, and 400 instead
    /// of 401, 415 or 422. A member `error` that it has already is kept.
    #[must_use]
    pub fn for_oauth(mut self) -> Self {
        let (status, error) = oauth_error(self.0.status);
        let description = self.oauth_description();
        let parts = &mut *self.0;
        if parts.status == StatusCode::UNAUTHORIZED {
            parts.headers.retain(|(name, _)| name != WWW_AUTHENTICATE);
        }
        parts.status = status;
        parts.errors.clear();
        parts.detail = description.clone().into();
        parts.members.entry("error").or_insert_with(|| error.into());
        parts.members.insert("error_description".to_owned(), description.into());
        self.with_header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
            .with_header(PRAGMA, HeaderValue::from_static("no-cache"))
    }

    /// One sentence, of the characters that RFC 6749 allows in `error_description`.
    fn oauth_description(&self) -> String {
        let description = match self.0.errors.first() {
            Some(error) => match error.loc.last() {
                Some(crate::problem::field_error::ErrorLocation::Name(name)) => {
                    format!("{name}: {}", error.msg)
                }
                Some(crate::problem::field_error::ErrorLocation::Position(_)) | None => error.msg.to_string(),
            },
            None => self.0.detail.to_string(),
        };
        let allowed = |c: char| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\') { c } else { '\'' };
        description.chars().map(allowed).collect()
    }
}

/// The status and the `error` at a token endpoint for a status elsewhere. `temporarily_unavailable` and `server_error` are those of
/// RFC 6749, 4.1.2.1.
fn oauth_error(status: StatusCode) -> (StatusCode, &'static str) {
    match status {
        StatusCode::UNAUTHORIZED => (StatusCode::BAD_REQUEST, "invalid_grant"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::UNPROCESSABLE_ENTITY => {
            (StatusCode::BAD_REQUEST, "invalid_request")
        }
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT
        | StatusCode::INSUFFICIENT_STORAGE => (status, "temporarily_unavailable"),
        _ if status.is_server_error() => (status, "server_error"),
        _ => (status, "invalid_request"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::field_error::FieldError;
    use actix_web::http::header::{HeaderMap, RETRY_AFTER};
    use serde_json::Value;

    /// The status, headers and body at a token endpoint.
    fn render(problem: Problem) -> (u16, HeaderMap, Value) {
        let problem = problem.for_oauth();
        let (_, body) = super::super::body::write(&problem.0, &HeaderMap::new(), "id");
        let response = problem.render(&HeaderMap::new(), "id");
        (response.status().as_u16(), response.headers().clone(), serde_json::from_str(&body).unwrap())
    }

    fn status(status: u16) -> Problem {
        Problem::new(StatusCode::from_u16(status).unwrap(), "a_code", "A sentence")
    }

    #[test]
    fn each_status_has_an_oauth_error_beside_its_own_detail_and_code() {
        for (elsewhere, at_the_endpoint, error) in [
            (400, 400, "invalid_request"),
            (401, 400, "invalid_grant"),
            (405, 405, "invalid_request"),
            (408, 408, "invalid_request"),
            (413, 413, "invalid_request"),
            (415, 400, "invalid_request"),
            (422, 400, "invalid_request"),
            (429, 429, "temporarily_unavailable"),
            (500, 500, "server_error"),
            (503, 503, "temporarily_unavailable"),
            (504, 504, "temporarily_unavailable"),
            (507, 507, "temporarily_unavailable"),
        ] {
            let (status, headers, body) = render(status(elsewhere));
            assert_eq!((status, &body["error"]), (at_the_endpoint, &error.into()), "{elsewhere}");
            assert_eq!(body["error_description"], "A sentence");
            assert_eq!((&body["detail"], &body["code"]), (&"A sentence".into(), &"a_code".into()));
            let header = |name| headers.get(name).unwrap().to_str().unwrap();
            assert_eq!((header(CACHE_CONTROL), header(PRAGMA)), ("no-store", "no-cache"));
        }
    }

    #[test]
    fn headers_but_for_the_challenge_are_kept_and_so_is_a_given_error() {
        let (_, headers, _) = render(Problem::unavailable("a cause"));
        assert_eq!(headers.get(RETRY_AFTER).unwrap(), "1");
        let (_, headers, _) = render(Problem::unauthorized("invalid_credentials", "Invalid credentials"));
        assert!(!headers.contains_key(WWW_AUTHENTICATE));
        let (_, _, body) = render(status(400).with_member("error", "unsupported_grant_type"));
        assert_eq!(body["error"], "unsupported_grant_type");
    }

    #[test]
    fn the_description_names_the_first_wrong_field_in_allowed_characters() {
        let field = |name: &'static str, msg: &'static str| FieldError {
            kind: "value_error".into(),
            loc: vec!["body".into(), name.into()],
            msg: msg.into(),
        };
        let errors =
            vec![field("password", "not \"this\\that\"\n\u{e9}"), field("username", "Field required")];
        let (_, _, body) = render(Problem::validation(errors));
        assert_eq!(body["error_description"], "password: not 'this'that'''");
        assert_eq!(body["detail"], body["error_description"]);
    }
}
