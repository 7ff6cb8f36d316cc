//! What the document says of the API as a whole.

use crate::routing::table::TOKEN;
use serde_json::{Value, json};

/// The scheme that clients use with a token that they have.
const BEARER: &str = "bearerAuth";
/// The scheme that gets a token for a name and a password.
const PASSWORD: &str = "oauth2";

/// The tags in the order in which one needs what is under them.
const TAGS: [&str; 5] = ["auth", "chats", "messages", "branches", "conversations"];

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

/// Two ways to say the same: an access token in `Authorization: Bearer`. Swagger UI has a form for the second, in which
/// it asks the token endpoint for a token; generators of clients know the first.
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

/// What an operation for users requires: either scheme.
pub(super) fn either_scheme() -> Value {
    json!([{BEARER: []}, {PASSWORD: []}])
}

/// The place of a tag among the others; a tag that is not known here comes last.
pub(super) fn rank(tag: &Value) -> usize {
    TAGS.iter().position(|known| tag == known).unwrap_or(TAGS.len())
}
