//! Bodies as JSON objects or forms.

use super::fields::{Fields, FromFields, Settings, Values, names_of, read_form};
use super::json::parse_object;
use crate::input::errors::invalid;
use crate::problem::Problem;
use actix_web::HttpRequest;
use actix_web::http::{StatusCode, header};
use mime::Mime;
use shared::validation::Value;

/// A type that is read from a body.
pub trait FromBody: Sized + Send + 'static {
    /// What the request's head says about the body.
    type Head: Send + 'static;

    /// Whether the body is read.
    const IS_READ: bool;

    /// Reads the head; 415 if it announces another media type.
    fn read_head(request: &HttpRequest) -> Result<Self::Head, Problem>;

    /// Parses the body; 422 if it is not valid. This may run in a thread for blocking work.
    fn from_body(head: Self::Head, settings: &Settings, bytes: &[u8]) -> Result<Self, Problem>;
}

impl<T: FromFields + Send + 'static> FromBody for T {
    type Head = ();

    const IS_READ: bool = T::IS_READ;

    fn read_head(request: &HttpRequest) -> Result<(), Problem> {
        if !T::IS_READ || media_type(request)?.is_none_or(|mime| is_json(&mime)) {
            return Ok(());
        }
        Err(unsupported_media_type("application/json"))
    }

    fn from_body((): (), settings: &Settings, bytes: &[u8]) -> Result<Self, Problem> {
        if !T::IS_READ {
            return Fields::new(settings, "body", Values::new()).read();
        }
        let object = parse_object(bytes, &names_of::<T>(settings))?;
        let values = object.into_iter().map(|(name, raw)| (name, Value::Json(raw.get())));
        Fields::new(settings, "body", values.collect()).read()
    }
}

/// A body as JSON or as a form, which browsers and OAuth 2 clients send (RFC 6749, 4.3.2).
#[derive(Debug)]
pub struct FormOrJson<T>(pub T);

/// The syntax of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// `application/x-www-form-urlencoded`
    Form,
    /// `application/json`
    Json,
}

impl<T: FromFields + Send + 'static> FromBody for FormOrJson<T> {
    type Head = Syntax;

    const IS_READ: bool = true;

    fn read_head(request: &HttpRequest) -> Result<Syntax, Problem> {
        match media_type(request)? {
            Some(mime) if is_form(&mime) => Ok(Syntax::Form),
            Some(mime) if !is_json(&mime) => {
                Err(unsupported_media_type("application/json or application/x-www-form-urlencoded"))
            }
            Some(_) | None => Ok(Syntax::Json),
        }
    }

    fn from_body(head: Syntax, settings: &Settings, bytes: &[u8]) -> Result<Self, Problem> {
        match head {
            Syntax::Json => T::from_body((), settings, bytes).map(Self),
            Syntax::Form => read_form(settings, "body", form_text(bytes)?).map(Self),
        }
    }
}

/// The text of a form, before it is decoded.
pub(super) fn form_text(bytes: &[u8]) -> Result<&str, Problem> {
    std::str::from_utf8(bytes)
        .map_err(|_| invalid(&["body"], "string_unicode", "Input should be valid UTF-8"))
}

/// The announced media type; `None` without one.
pub(super) fn media_type(request: &HttpRequest) -> Result<Option<Mime>, Problem> {
    let Some(value) = request.headers().get(header::CONTENT_TYPE).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    // Space around semicolons is allowed (RFC 9110, 5.6.6), but the parser refuses it.
    let parts = |value: &str| value.split(';').map(str::trim).collect::<Vec<_>>().join(";");
    let mime = value.to_str().ok().and_then(|value| parts(value).parse().ok());
    mime.map(Some).ok_or_else(|| unsupported_media_type("application/json"))
}

fn is_json(mime: &Mime) -> bool {
    mime.type_() == mime::APPLICATION
        && (mime.subtype() == mime::JSON || mime.suffix() == Some(mime::JSON))
        && mime.get_param(mime::CHARSET).is_none_or(|charset| charset == mime::UTF_8 || charset == "utf8")
}

pub(super) fn is_form(mime: &Mime) -> bool {
    mime.essence_str() == mime::APPLICATION_WWW_FORM_URLENCODED.as_ref()
}

/// 415, for a body of another media type.
pub fn unsupported_media_type(expected: &str) -> Problem {
    let detail = format!("The body must be {expected}");
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
}
