//! The members of the document that describe the whole API.

use crate::routing::table::TOKEN;
use serde_json::{Value, json};

/// The scheme for clients that have a token.
const BEARER: &str = "bearerAuth";
/// The scheme for clients that get a token for a name and a password.
const PASSWORD: &str = "oauth2";

/// The tags, in the order of first use.
const TAGS: [&str; 8] =
    ["auth", "chats", "messages", "branches", "answers", "models", "providers", "conversations"];

/// Title, introduction, version, licence.
pub(super) fn info() -> Value {
    json!({
        "title": "Banyan",
        "description": include_str!("introduction.md"),
        "version": env!("CARGO_PKG_VERSION"),
        "license": {"name": "MIT", "url": "https://spdx.org/licenses/MIT.html"},
        "contact": {"name": "The maintainers of Banyan"},
    })
}

/// Two schemes for one thing: an access token in `Authorization: Bearer`. Client generators know the first; Swagger UI has a form
/// for the second, which gets a token from the token endpoint.
pub(super) fn security_schemes() -> Value {
    json!({
        BEARER: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The `access_token` that login answers.",
        },
        PASSWORD: {
            "type": "oauth2",
            "description": "Name and password, for which the token endpoint answers an access token.",
            "flows": {"password": {"tokenUrl": TOKEN, "refreshUrl": TOKEN, "scopes": {}}},
        },
    })
}

/// The security requirement of protected operations: either scheme.
pub(super) fn either_scheme() -> Value {
    json!([{BEARER: []}, {PASSWORD: []}])
}

/// The position of a tag; an unknown one comes last.
pub(super) fn rank(tag: &Value) -> usize {
    TAGS.iter().position(|known| tag == known).unwrap_or(TAGS.len())
}
