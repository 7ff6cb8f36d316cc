//! Merges the documents of services: the paths that have a route, their components, one way to authenticate.

use super::conflicts;
use super::document::{Paths, ServiceDocument};
use super::downgrade;
use super::info::{info, rank, security_schemes};
use super::operation::Additions;
use super::session;
use super::shared_responses::share;
use crate::routing::session::is_of_session;
use crate::routing::table::{find, is_token_endpoint};
use crate::routing::upstream::Upstream;
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The members of a path that are operations.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The merged document, without its version and the URL of the server.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Merged {
    info: Value,
    tags: Vec<Value>,
    paths: Paths,
    components: Map<String, Value>,
}

/// Merges the documents of the services, and adds the routes of the page's session where there is the page.
pub(super) fn merge(documents: impl Iterator<Item = (Upstream, ServiceDocument)>, has_ui: bool) -> Merged {
    let (mut paths, mut components, mut tags) = (Paths::new(), Map::new(), Vec::new());
    for (upstream, mut document) in documents {
        conflicts::rename(&components, upstream, &mut document);
        add_components(&mut components, document.components);
        add_paths(&mut paths, upstream, document.paths);
        add_tags(&mut tags, document.tags);
    }
    paths.sort_by_cached_key(|_, item| {
        let tag = item.values().find_map(|operation| operation.pointer("/tags/0"));
        tag.map_or(usize::MAX, rank)
    });
    tags.sort_by_key(|tag| tag.get("name").map_or(usize::MAX, rank));
    components.insert("securitySchemes".to_owned(), security_schemes());
    components.insert("headers".to_owned(), Additions::headers());
    components
        .insert("responses".to_owned(), share(paths.values_mut().flat_map(IndexMap::values_mut)).into());
    // After all others, as it refers to their shared responses, and no other refers to its own.
    if has_ui {
        session::add_to(&mut paths);
        tags.push(session::tag());
    }
    Merged { info: info(), tags, paths, components }
}

impl Merged {
    /// The same document in OpenAPI 3.0, without the session: clients that are generated from it are no page, and some of these generators
    /// take one success of an operation alone.
    pub(super) fn downgraded(mut self) -> Self {
        self.paths.retain(|path, _| !is_of_session(path));
        self.tags.retain(|tag| tag.get("name").is_none_or(|name| name != session::TAG));
        for operation in self.paths.values_mut().flat_map(IndexMap::values_mut) {
            if let Some(responses) = operation.get_mut("responses") {
                downgrade::join_error_bodies(responses);
            }
            downgrade::downgrade(operation);
        }
        if let Some(responses) = self.components.get_mut("responses") {
            downgrade::join_error_bodies(responses);
        }
        self.components.values_mut().for_each(downgrade::downgrade);
        let (name, schema) = downgrade::any_error_body();
        if let Some(Value::Object(schemas)) = self.components.get_mut("schemas") {
            schemas.insert(name, schema);
        }
        self
    }
}

/// Adds the paths that have a route to this service. Its other paths are not reached from outside.
fn add_paths(paths: &mut Paths, upstream: Upstream, added: Paths) {
    let (additions, token_additions) =
        (Additions::for_service(upstream), Additions::for_token_endpoint(upstream));
    for (path, mut item) in added {
        let Some(route) = find(path.trim_end_matches('/')).filter(|route| route.upstream == upstream) else {
            continue;
        };
        let additions = if is_token_endpoint(&path) { &token_additions } else { &additions };
        for (_, operation) in item.iter_mut().filter(|(name, _)| METHODS.contains(&name.as_str())) {
            if let Some(operation) = operation.as_object_mut() {
                additions.add_to(operation, route.access);
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

fn add_tags(tags: &mut Vec<Value>, added: Vec<Value>) {
    for tag in added {
        if !tags.iter().any(|known| known.get("name") == tag.get("name")) {
            tags.push(tag);
        }
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

    fn merged<const N: usize>(documents: [(Upstream, Value); N]) -> Value {
        let read = |(upstream, document)| (upstream, serde_json::from_value(document).unwrap());
        serde_json::to_value(merge(documents.into_iter().map(read), false)).unwrap()
    }

    fn outer_and(inner: &str) -> Value {
        json!({"Outer": {"$ref": "#/components/schemas/Inner"}, "Inner": {"type": inner}})
    }

    #[test]
    fn equal_components_are_merged_and_different_ones_are_renamed() {
        let auth = document("/api/v1/auth/login", &outer_and("string"));
        let chat = document("/api/v1/chats/create-chat", &outer_and("string"));
        let branch = document("/api/v1/messages/add-message", &outer_and("integer"));
        let merged = merged([(Upstream::Auth, auth), (Upstream::Chat, chat), (Upstream::Branch, branch)]);
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
    fn paths_without_a_route_are_left_out_and_protected_ones_require_a_token() {
        let mut auth = document("/api/v1/auth/login", &json!({}));
        for path in ["/api/v1/auth/me", "/api/v1/chats/get-chat", "/internal/users/{user_id}", "/livez"] {
            auth["paths"][path] = json!({"get": {}, "summary": "a path"});
        }
        let merged = merged([(Upstream::Auth, auth)]);
        let expected = json!({
            "/api/v1/auth/login": {"post": {"security": [], "schema": {"$ref": "#/components/schemas/Outer"}}},
            "/api/v1/auth/me": {"get": {"security": [{"bearerAuth": []}, {"oauth2": []}]}, "summary": "a path"},
        });
        let mut paths = merged["paths"].clone();
        for item in paths.as_object_mut().unwrap().values_mut() {
            for operation in item.as_object_mut().unwrap().values_mut().filter_map(Value::as_object_mut) {
                assert!(operation.remove("responses").is_some_and(|responses| responses["429"].is_object()));
            }
        }
        assert_eq!(paths, expected);
        assert_eq!(merged["components"]["securitySchemes"].as_object().unwrap().len(), 2);
    }
}
