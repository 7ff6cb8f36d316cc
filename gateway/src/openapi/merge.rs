//! Makes one document of several: the paths that the gateway routes, the components that they use, one way to log in.

use crate::proxy::{Access, TOKEN, Upstream, find};
use serde_json::{Map, Value, json};

/// The name of the one security scheme.
const SCHEME: &str = "bearerAuth";

/// The members of a path that are operations.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// One document of those of the services.
pub(super) fn merge(documents: impl Iterator<Item = (Upstream, Value)>) -> Value {
    let mut paths = Map::new();
    let mut components = Map::new();
    let mut tags = Vec::new();
    for (upstream, mut document) in documents {
        rename_conflicts(&components, upstream, &mut document);
        add_components(&mut components, object(&mut document, "components"));
        add_paths(&mut paths, upstream, object(&mut document, "paths"));
        add_tags(&mut tags, document.get_mut("tags").map(Value::take));
    }
    components.insert("securitySchemes".to_owned(), security_schemes());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Banyan",
            "description": "A chat backend in which any answer can grow another conversation.",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "servers": [{"url": "/"}],
        "tags": tags,
        "paths": paths,
        "components": components,
    })
}

/// A form in the Authorize button of Swagger UI, which asks the token endpoint for a token.
fn security_schemes() -> Value {
    let password = json!({"tokenUrl": TOKEN, "refreshUrl": TOKEN, "scopes": {}});
    json!({SCHEME: {
        "type": "oauth2",
        "description": "An access token, sent as `Authorization: Bearer`.",
        "flows": {"password": password},
    }})
}

/// Adds the paths that lead to this service. What else it serves is not reached from outside.
fn add_paths(paths: &mut Map<String, Value>, upstream: Upstream, added: Map<String, Value>) {
    for (path, mut item) in added {
        let Some(route) = find(path.trim_end_matches('/')).filter(|route| route.upstream == upstream) else {
            continue;
        };
        let security = match route.access {
            Access::Public => json!([]),
            Access::Protected => json!([{SCHEME: []}]),
        };
        let operations = item.as_object_mut().into_iter().flatten();
        for (_, operation) in operations.filter(|(name, _)| METHODS.contains(&name.as_str())) {
            if let Some(operation) = operation.as_object_mut() {
                operation.insert("security".to_owned(), security.clone());
            }
        }
        paths.insert(path, item);
    }
}

fn add_components(components: &mut Map<String, Value>, added: Map<String, Value>) {
    for (section, added) in added {
        let section = components.entry(section).or_insert_with(|| json!({}));
        if let (Some(section), Value::Object(added)) = (section.as_object_mut(), added) {
            section.extend(added);
        }
    }
}

fn add_tags(tags: &mut Vec<Value>, added: Option<Value>) {
    let Some(Value::Array(added)) = added else {
        return;
    };
    for tag in added {
        if !tags.iter().any(|known| known.get("name") == tag.get("name")) {
            tags.push(tag);
        }
    }
}

/// Gives a component a name of this service's own where another service has something else under the same name.
///
/// Until there is none: a component that refers to a renamed one differs from its namesake from then on.
fn rename_conflicts(components: &Map<String, Value>, upstream: Upstream, document: &mut Value) {
    while let Some((section, name)) = conflict(components, document) {
        tracing::warn!(upstream = upstream.name(), section, name, "two services differ in a component");
        let new_name = format!("{upstream}.{name}");
        let pointer = |name: &str| format!("#/components/{section}/{name}");
        replace_text(document, &pointer(&name), &pointer(&new_name));
        let section = document.get_mut("components").and_then(|components| components.get_mut(&section));
        if let Some(section) = section.and_then(Value::as_object_mut)
            && let Some(component) = section.remove(&name)
        {
            section.insert(new_name, component);
        }
    }
}

fn conflict(components: &Map<String, Value>, document: &Value) -> Option<(String, String)> {
    let sections = document.get("components")?.as_object()?;
    // Those give way to the gateway's own scheme.
    let sections = sections.iter().filter(|(section, _)| *section != "securitySchemes");
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

/// Replaces every text that is exactly `old`: references, and the mappings of discriminators.
fn replace_text(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::String(text) if text == old => new.clone_into(text),
        Value::Array(values) => values.iter_mut().for_each(|value| replace_text(value, old, new)),
        Value::Object(members) => members.values_mut().for_each(|value| replace_text(value, old, new)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn object(document: &mut Value, name: &str) -> Map<String, Value> {
    match document.get_mut(name).map(Value::take) {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(path: &str, schemas: &Value) -> Value {
        json!({
            "tags": [{"name": "all"}],
            "paths": {path: {"post": {"security": [{"other": []}], "schema": {"$ref": "#/components/schemas/Outer"}}}},
            "components": {"schemas": schemas, "securitySchemes": {"other": {"type": "http"}}},
        })
    }

    fn outer_and(inner: &str) -> Value {
        json!({"Outer": {"$ref": "#/components/schemas/Inner"}, "Inner": {"type": inner}})
    }

    #[test]
    fn equal_components_are_one_and_different_ones_are_kept_apart() {
        let auth = document("/api/v1/auth/login", &outer_and("string"));
        let chat = document("/api/v1/chats/create-chat", &outer_and("string"));
        let branch = document("/api/v1/messages/add-message", &outer_and("integer"));
        let all = [(Upstream::Auth, auth), (Upstream::Chat, chat), (Upstream::Branch, branch)];
        let merged = merge(all.into_iter());
        let schemas = merged.pointer("/components/schemas").unwrap().clone();
        let expected = json!({
            "Outer": {"$ref": "#/components/schemas/Inner"},
            "Inner": {"type": "string"},
            "branch.Outer": {"$ref": "#/components/schemas/branch.Inner"},
            "branch.Inner": {"type": "integer"},
        });
        assert_eq!(schemas, expected);
        let schema = |path: &str| merged["paths"][path]["post"]["schema"]["$ref"].clone();
        assert_eq!(schema("/api/v1/chats/create-chat"), "#/components/schemas/Outer");
        assert_eq!(schema("/api/v1/messages/add-message"), "#/components/schemas/branch.Outer");
        assert_eq!(merged["tags"], json!([{"name": "all"}]));
    }

    #[test]
    fn the_route_table_says_which_paths_there_are_and_which_need_a_token() {
        let mut auth = document("/api/v1/auth/login", &json!({}));
        for path in ["/api/v1/auth/me", "/api/v1/chats/get-chat", "/internal/users/{user_id}", "/livez"] {
            auth["paths"][path] = json!({"get": {}, "summary": "a path"});
        }
        let merged = merge([(Upstream::Auth, auth)].into_iter());
        let expected = json!({
            "/api/v1/auth/login": {"post": {"security": [], "schema": {"$ref": "#/components/schemas/Outer"}}},
            "/api/v1/auth/me": {"get": {"security": [{"bearerAuth": []}]}, "summary": "a path"},
        });
        assert_eq!(merged["paths"], expected);
        assert_eq!(merged["components"]["securitySchemes"].as_object().unwrap().len(), 1);
    }
}
