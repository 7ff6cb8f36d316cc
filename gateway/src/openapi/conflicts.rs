//! Conflicts: components of two services that differ under one name.

use super::document::ServiceDocument;
use crate::routing::upstream::Upstream;
use serde_json::{Map, Value};

/// Prefixes a component with the service's name where another service has a different one under the same name.
///
/// Repeated until no conflict is left: a component that refers to a renamed one differs from its namesake from then on.
pub(super) fn rename(components: &Map<String, Value>, upstream: Upstream, document: &mut ServiceDocument) {
    while let Some((section, name)) = conflict(components, &document.components) {
        tracing::warn!(upstream = upstream.name(), section, name, "two services differ in a component");
        let new_name = format!("{upstream}.{name}");
        let pointer = |name: &str| format!("#/components/{section}/{name}");
        let (old, new) = (pointer(&name), pointer(&new_name));
        document.components.values_mut().for_each(|value| replace_text(value, &old, &new));
        let members = document.paths.values_mut().flat_map(|item| item.values_mut());
        members.for_each(|member| replace_text(member, &old, &new));
        let section = document.components.get_mut(&section);
        if let Some(section) = section.and_then(Value::as_object_mut)
            && let Some(component) = section.remove(&name)
        {
            section.insert(new_name, component);
        }
    }
}

fn conflict(components: &Map<String, Value>, document: &Map<String, Value>) -> Option<(String, String)> {
    // The gateway's own security schemes replace those of services.
    let sections = document.iter().filter(|(section, _)| *section != "securitySchemes");
    for (section, added) in sections {
        let known = components.get(section);
        for (name, component) in added.as_object().into_iter().flatten() {
            let namesake = known.and_then(|known| known.get(name));
            if namesake.is_some_and(|namesake| namesake != component) {
                return Some((section.clone(), name.clone()));
            }
        }
    }
    None
}

/// Replaces every text equal to `old`: references, and the mappings of discriminators.
fn replace_text(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::String(text) if text == old => new.clone_into(text),
        Value::Array(values) => values.iter_mut().for_each(|value| replace_text(value, old, new)),
        Value::Object(members) => members.values_mut().for_each(|value| replace_text(value, old, new)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
