//! Bodies: how they are read, and what a JSON object or a form becomes.

use super::field_types::Value;
use super::fields::{Fields, FromFields, form_fields, form_pairs};
use super::{MAX_BODY_BYTES, invalid, payload_too_large};
use crate::problem::{FieldError, Problem};
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use futures_util::StreamExt as _;
use mime::Mime;
use serde::de::{Deserialize, Deserializer, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// Something that is made from a body.
pub trait FromBody: Sized {
    /// Whether the body is looked at, at all.
    const IS_READ: bool;

    /// Answers 415 where the body is announced as something else.
    fn check_media_type(request: &HttpRequest) -> Result<(), Problem>;

    /// Makes the value, or answers 422.
    fn from_body(request: &HttpRequest, bytes: &[u8]) -> Result<Self, Problem>;
}

impl<T: FromFields> FromBody for T {
    const IS_READ: bool = T::IS_READ;

    fn check_media_type(request: &HttpRequest) -> Result<(), Problem> {
        if !T::IS_READ || media_type(request)?.is_none_or(|mime| is_json(&mime)) {
            return Ok(());
        }
        Err(unsupported_media_type("application/json"))
    }

    fn from_body(request: &HttpRequest, bytes: &[u8]) -> Result<Self, Problem> {
        if !T::IS_READ {
            return Fields::new(request, "body", HashMap::new()).read();
        }
        let object = parse_object(bytes)?;
        let values = object.into_iter().map(|(name, raw)| (Cow::Owned(name.0), Value::Json(raw)));
        Fields::new(request, "body", values.collect()).read()
    }
}

/// A body that may come as JSON or as a form, such as browsers and OAuth 2 clients send (RFC 6749, 4.3.2).
#[derive(Debug)]
pub struct FormOrJson<T>(pub T);

impl<T: FromFields> FromBody for FormOrJson<T> {
    const IS_READ: bool = true;

    fn check_media_type(request: &HttpRequest) -> Result<(), Problem> {
        if media_type(request)?.is_none_or(|mime| is_json(&mime) || is_form(&mime)) {
            return Ok(());
        }
        Err(unsupported_media_type("application/json or application/x-www-form-urlencoded"))
    }

    fn from_body(request: &HttpRequest, bytes: &[u8]) -> Result<Self, Problem> {
        if !media_type(request)?.is_some_and(|mime| is_form(&mime)) {
            return T::from_body(request, bytes).map(Self);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| not_utf8())?;
        let pairs = form_pairs(text);
        Fields::new(request, "body", form_fields(&pairs)).read().map(Self)
    }
}

/// Reads a body up to the limit, and keeps it where it is wanted. One that is announced as larger is refused before it
/// is read. One that nobody wants is read as well: nothing is done before it is known to be within the limit.
pub(super) async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    wanted: bool,
) -> Result<Vec<u8>, Problem> {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<usize>().ok()).unwrap_or(0);
    if announced > MAX_BODY_BYTES {
        return Err(payload_too_large());
    }
    let mut bytes = Vec::with_capacity(if wanted { announced } else { 0 });
    let mut length = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| invalid(&["body"], "json_invalid", "The body ended too early"))?;
        length += chunk.len();
        if length > MAX_BODY_BYTES {
            return Err(payload_too_large());
        }
        if wanted {
            bytes.extend_from_slice(&chunk);
        }
    }
    Ok(bytes)
}

/// The fields of a JSON object as they were sent. Of a name that comes twice, the last one counts.
fn parse_object(bytes: &[u8]) -> Result<HashMap<Name, &RawValue>, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| not_utf8())?;
    if text.trim().is_empty() {
        return Err(invalid(&["body"], "missing", "Field required"));
    }
    // The whole is checked first, so that an array is told from a text that is no JSON.
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| malformed(text, &error))?;
    if !raw.get().starts_with('{') {
        let msg = "Input should be a valid dictionary or object to extract fields from";
        return Err(invalid(&["body"], "model_attributes_type", msg));
    }
    serde_json::from_str(raw.get()).map_err(|error| malformed(text, &error))
}

/// A name in an object. One with lone surrogates is none that we know, and no reason to refuse the rest.
#[derive(PartialEq, Eq, Hash)]
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(NameVisitor)
    }
}

struct NameVisitor;

impl Visitor<'_> for NameVisitor {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_bytes<E>(self, name: &[u8]) -> Result<Name, E> {
        Ok(Name(String::from_utf8_lossy(name).into_owned()))
    }
}

fn malformed(text: &str, error: &serde_json::Error) -> Problem {
    let before = text.lines().take(error.line().saturating_sub(1)).map(|line| line.len() + 1).sum::<usize>();
    let position = before + error.column().saturating_sub(1);
    let loc = vec!["body".into(), position.into()];
    Problem::validation(vec![FieldError {
        kind: "json_invalid".into(),
        loc,
        msg: "JSON decode error".into(),
    }])
}

fn not_utf8() -> Problem {
    invalid(&["body"], "json_invalid", "JSON decode error: the body is not UTF-8")
}

/// The announced media type; `None` where there is none, which is read as JSON.
fn media_type(request: &HttpRequest) -> Result<Option<Mime>, Problem> {
    let Some(value) = request.headers().get(header::CONTENT_TYPE).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    // Space is allowed around the semicolons (RFC 9110, 5.6.6), but not to the parser.
    let parts = |value: &str| value.split(';').map(str::trim).collect::<Vec<_>>().join(";");
    let mime = value.to_str().ok().and_then(|value| parts(value).parse().ok());
    mime.map(Some).ok_or_else(|| unsupported_media_type("application/json"))
}

fn is_json(mime: &Mime) -> bool {
    mime.type_() == mime::APPLICATION
        && (mime.subtype() == mime::JSON || mime.suffix() == Some(mime::JSON))
        && mime.get_param(mime::CHARSET).is_none_or(|charset| charset == mime::UTF_8 || charset == "utf8")
}

fn is_form(mime: &Mime) -> bool {
    mime.essence_str() == mime::APPLICATION_WWW_FORM_URLENCODED.as_ref()
}

fn unsupported_media_type(expected: &str) -> Problem {
    let detail = format!("The body must be {expected}");
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
}
