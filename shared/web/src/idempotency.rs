//! `Idempotency-Key`: the same key and body from the same user on the same route creates once.
//!
//! There is no table of keys. The row that a request creates holds [`KeyId`] under a unique index, and [`RequestHash`], which tells
//! a repetition from another request with the same key. A store looks the key up before anything else, and returns [`Created`].

use crate::input::{FromBody, Settings, invalid};
use crate::problem::Problem;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Responder};
use ring::digest::{SHA256, digest};
use serde::Serialize;
use shared::idempotency::{Created, IdempotencyKey, RequestHash};
use shared::ids::{KeyId, UserId};
use utoipa::IntoParams;
use uuid::Uuid;

/// The header's name.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// The header of a replayed response.
const IDEMPOTENCY_REPLAYED: &str = "Idempotency-Replayed";
/// The most characters of a key.
const MAX_CHARACTERS: usize = 255;
/// The namespace of key ids (UUID version 5, RFC 9562, 5.5).
const NAMESPACE: Uuid = Uuid::from_u128(0x6f2b_1c57_9d0e_4a7b_8a55_3c1e_f0d2_4b6a);

/// The header in the document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it describes what `Keyed` reads")]
pub struct IdempotencyHeader {
    /// Creates once, however often it comes
    #[param(rename = "Idempotency-Key", value_type = String, required = false, min_length = 1, max_length = 255)]
    key: Option<String>,
}

/// A body with its idempotency key, if it has one.
#[derive(Debug)]
pub struct Keyed<B> {
    /// The body.
    pub request: B,
    key: Option<String>,
    hash: RequestHash,
}

impl<B> Keyed<B> {
    /// The key of this user on this route (any fixed name of it); `None` without one.
    pub fn key(&self, user: UserId, route: &str) -> Option<IdempotencyKey> {
        let key = self.key.as_deref()?;
        let name = format!("{user}\n{route}\n{key}");
        let id = KeyId::from(Uuid::new_v5(&NAMESPACE, name.as_bytes()));
        Some(IdempotencyKey { id, hash: self.hash.clone() })
    }
}

impl<B: FromBody> FromBody for Keyed<B> {
    /// The error of an invalid key comes after that of a wrong media type, and before those of the body.
    type Head = (B::Head, Result<Option<String>, Problem>);

    const IS_READ: bool = true;

    fn read_head(request: &HttpRequest) -> Result<Self::Head, Problem> {
        Ok((B::read_head(request)?, key_of(request)))
    }

    fn from_body((head, key): Self::Head, settings: &Settings, bytes: &[u8]) -> Result<Self, Problem> {
        let key = key?;
        let hash = RequestHash(digest(&SHA256, bytes).as_ref().to_vec());
        Ok(Self { request: B::from_body(head, settings, bytes)?, key, hash })
    }
}

fn key_of(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let loc = ["header", IDEMPOTENCY_KEY];
    let Some(value) = request.headers().get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let Ok(key) = std::str::from_utf8(value.as_bytes()) else {
        return Err(invalid(&loc, "string_unicode", "Input should be a valid string"));
    };
    match key.chars().count() {
        0 => Err(invalid(&loc, "string_too_short", "String should have at least 1 character")),
        1..=MAX_CHARACTERS => Ok(Some(key.to_owned())),
        _ => Err(invalid(&loc, "string_too_long", "String should have at most 255 characters")),
    }
}

/// 422, for a key that was used with another body.
pub fn key_reused() -> Problem {
    invalid(
        &["header", IDEMPOTENCY_KEY],
        "idempotency_key_reused",
        "The key was used before with another request body",
    )
    .with_code("idempotency_key_reused")
}

/// The response of a creating request: 201 with the object, and a header if it is replayed.
#[derive(Debug)]
pub struct CreatedResponse<T>(Created<T>);

impl<T> CreatedResponse<T> {
    /// Converts the result of a store.
    pub fn of(created: Created<impl Into<T>>) -> Self {
        Self(created.map(Into::into))
    }
}

impl<T: Serialize> Responder for CreatedResponse<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::build(StatusCode::CREATED);
        if self.0.replayed {
            response.insert_header((IDEMPOTENCY_REPLAYED, "true"));
        }
        response.json(self.0.object)
    }
}
