//! Responses that many operations have, moved to components that the operations refer to.

use actix_web::http::StatusCode;
use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Moves the most common response of each error's status to the components, if more than one operation has it.
pub(super) fn share<'a>(operations: impl Iterator<Item = &'a mut Value>) -> Map<String, Value> {
    let mut places: BTreeMap<String, IndexMap<String, Vec<&'a mut Value>>> = BTreeMap::new();
    let responses = operations.filter_map(|operation| operation.get_mut("responses")?.as_object_mut());
    for (status, response) in responses.flatten() {
        places.entry(status.clone()).or_default().entry(response.to_string()).or_default().push(response);
    }
    let mut components = Map::new();
    for (status, of_status) in places {
        // Of equally common ones, the first.
        let most_common = of_status.into_values().rev().max_by_key(Vec::len);
        let (Some(name), Some(places)) = (name(&status), most_common) else { continue };
        if places.len() < 2 {
            continue;
        }
        for place in places {
            let response =
                std::mem::replace(place, json!({"$ref": format!("#/components/responses/{name}")}));
            components.insert(name.clone(), response);
        }
    }
    components
}

/// `TooManyRequests` for 429; `None` for a success, whose response is an operation's own.
fn name(status: &str) -> Option<String> {
    let status: StatusCode = status.parse().ok().filter(|status: &StatusCode| status.as_u16() >= 400)?;
    Some(status.canonical_reason()?.split(|c: char| !c.is_alphanumeric()).collect())
}
