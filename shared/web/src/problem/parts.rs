//! The parts of an error response.

use super::field_error::FieldError;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value};
use std::borrow::Cow;

#[derive(Debug, Clone)]
pub(super) struct Parts {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) detail: Cow<'static, str>,
    pub(super) errors: Vec<FieldError>,
    pub(super) members: Map<String, Value>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) cause: Option<String>,
    pub(super) refused_token: Option<&'static str>,
}
