//! The gateway's additions to an operation of a service: its security requirement, the gateway's own errors, and common headers.

use super::info::either_scheme;
use crate::error::Error;
use crate::routing::table::Access;
use crate::routing::upstream::Upstream;
use serde_json::{Map, Value, json};
use shared_web::openapi::{ErrorResponses, responses};
use std::collections::BTreeMap;

/// The headers of all responses, as components.
const COMMON_HEADERS: [(&str, &str); 3] = [
    ("X-Request-Id", "The id of the request, as it was sent or as it was made"),
    (
        "RateLimit",
        "What is left of the limit that counts, and in how many seconds it is whole again (draft-ietf-httpapi-ratelimit-headers); absent \
         where nothing is limited",
    ),
    ("RateLimit-Policy", "The limit that counts: its name, what it allows, and in how many seconds"),
];

/// The additions to the operations of a service.
pub(super) struct Additions {
    /// By status.
    errors: Map<String, Value>,
}

impl Additions {
    /// The additions for a service. Bodies are bounded whatever the method, also where none is read.
    pub(super) fn for_service(upstream: Upstream) -> Self {
        Self::of(gateway_errors(upstream))
    }

    /// The additions for the token endpoint of OAuth 2.
    pub(super) fn for_token_endpoint(upstream: Upstream) -> Self {
        Self::of(gateway_errors(upstream).at_token_endpoint())
    }

    fn of(errors: ErrorResponses) -> Self {
        let errors = responses(errors).into_iter().filter_map(|(status, response)| {
            // A response has only texts, so serialization cannot fail.
            Some((status, serde_json::to_value(response).ok()?))
        });
        Self { errors: errors.collect() }
    }

    /// The header components that operations refer to.
    pub(super) fn headers() -> Value {
        let header = |(name, text): (&str, &str)| {
            (name.to_owned(), json!({"description": text, "schema": {"type": "string"}}))
        };
        Value::Object(COMMON_HEADERS.into_iter().map(header).collect())
    }

    pub(super) fn add_to(&self, operation: &mut Map<String, Value>, access: Access) {
        let security = match access {
            Access::Public => json!([]),
            Access::Protected => either_scheme(),
        };
        operation.insert("security".to_owned(), security);
        let responses = operation.entry("responses").or_insert_with(|| json!({}));
        let Some(responses) = responses.as_object_mut() else { return };
        for (status, error) in &self.errors {
            match responses.get_mut(status) {
                Some(response) => merge_response(response, error),
                None => {
                    responses.insert(status.clone(), error.clone());
                }
            }
        }
        let reference =
            |(name, _): (&'static str, &str)| (name, json!({"$ref": format!("#/components/headers/{name}")}));
        let headers =
            json!({"headers": COMMON_HEADERS.into_iter().map(reference).collect::<BTreeMap<_, _>>()});
        responses.values_mut().for_each(|response| add_missing(response, &headers));
    }
}

/// The gateway's own errors for requests to a service.
fn gateway_errors(upstream: Upstream) -> ErrorResponses {
    ErrorResponses::default().with(
        [
            Error::HeaderName,
            Error::InvalidTarget,
            Error::BodyTooSlow,
            Error::BodyTooLarge(upstream.max_body_bytes()),
            Error::RateLimited(1),
            Error::TooManyHeaders,
            Error::HeadTooLarge,
            Error::MethodNotImplemented,
            Error::Overloaded(upstream),
            Error::NoAddress(upstream),
            Error::UpstreamTimeout(upstream),
        ]
        .map(Into::into),
    )
}

/// Merges a response of the same status into another: codes with their texts and examples, and headers.
fn merge_response(response: &mut Value, added: &Value) {
    let codes = |response: &Value| response.pointer("/content/application~1json/examples").cloned();
    let (known, new) = (codes(response), codes(added));
    let is_known = |code: &String| known.as_ref().is_some_and(|known| known.get(code).is_some());
    let new = new.as_ref().and_then(Value::as_object).into_iter().flatten();
    let new: Vec<_> = new.filter(|(code, _)| !is_known(code)).collect();
    if let Some(Value::String(description)) = response.get_mut("description") {
        let texts = new.into_iter().map(|(code, example)| {
            let detail = example.get("summary").and_then(Value::as_str).unwrap_or_default();
            format!("; `{code}`: {detail}")
        });
        description.extend(texts);
    }
    add_missing(response, added);
}

/// Adds the members that are missing, at every depth.
fn add_missing(value: &mut Value, added: &Value) {
    let (Value::Object(members), Value::Object(added)) = (value, added) else { return };
    for (name, added) in added {
        match members.get_mut(name) {
            Some(member) => add_missing(member, added),
            None => {
                members.insert(name.clone(), added.clone());
            }
        }
    }
}
