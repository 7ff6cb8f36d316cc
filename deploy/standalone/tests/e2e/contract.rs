//! The three places that tell of the routes agree: the contract's tables, the documents of the services, from which their routes are
//! registered, and the gateway's route table.

use crate::app::spawn_stack;
use crate::document::{operations, resolved};
use gateway::{Access, Policy, RequestClass, Upstream, policy};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const CONTRACT: &str = include_str!("../../../../gateway/API.md");

/// The documents of the services, as they tell of themselves.
fn service_documents() -> [(Upstream, Value); 4] {
    let documents = [
        (Upstream::Auth, auth::routes::routes().document()),
        (Upstream::Chat, chat::routes::routes().document()),
        (Upstream::Branch, branch::routes::routes().document()),
        (Upstream::Answer, answer::routes::routes(true).document()),
    ];
    documents.map(|(upstream, document)| (upstream, serde_json::to_value(document).unwrap()))
}

/// `GET /api/v1/chats/get-chat/{}`: a method and a path without the names of its parameters.
type Routes = BTreeSet<String>;

fn route(method: &str, path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default().trim_end_matches('/');
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    format!("{method} {}", parts.collect::<Vec<_>>().join("/"))
}

/// The prefix of the routes of the page's session, which are the gateway's own.
const SESSION: &str = "/ui/session/";

/// The rows of the contract: "| POST `/auth/login` | ...".
fn in_contract() -> Routes {
    let rows = CONTRACT.lines().filter_map(|line| line.strip_prefix("| "));
    let routes = rows.filter_map(|row| {
        let (method, rest) = row.split_once(" `")?;
        let (path, _) = rest.split_once('`')?;
        let root = if path.starts_with(SESSION) { "" } else { "/api/v1" };
        ["GET", "POST", "PUT", "DELETE"].contains(&method).then(|| route(method, &format!("{root}{path}")))
    });
    routes.collect()
}

async fn in_document() -> Routes {
    let stack = spawn_stack().await;
    let document = stack.client.get("/openapi.json").await.expect(200).json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    routes_of(&document)
}

fn in_services() -> Routes {
    service_documents().iter().flat_map(|(_, document)| routes_of(document)).collect()
}

fn routes_of(document: &Value) -> Routes {
    operations(document).into_iter().map(|(path, method, _)| route(method.as_str(), path)).collect()
}

#[tokio::test]
async fn contract_document_and_services_name_the_same_routes() {
    let (contract, document, services) = (in_contract(), in_document().await, in_services());
    assert!(contract.len() > 20, "the contract's tables were not read: {contract:?}");
    assert_eq!(contract, document);
    let (own, of_services): (Routes, Routes) =
        document.into_iter().partition(|route| route.contains(SESSION));
    assert_eq!((services, own.len()), (of_services, 3));
}

#[tokio::test]
async fn every_documented_route_is_served_and_requires_a_token_if_documented() {
    let stack = spawn_stack().await;
    let document = stack.client.get("/openapi.json").await.expect(200).json();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let url = path.replace(['{', '}'], "");
            let method = method.to_uppercase().parse().unwrap();
            let answer = stack.client.send(method, &url, None).await;
            let is_public = operation["security"] == json!([{}]) || operation["security"] == json!([]);
            let expected = match path.as_str() {
                // RFC 6749, 5.2.
                "/api/v1/auth/token" => 400,
                // Nothing says that it is the page.
                path if path.starts_with(SESSION) => 403,
                _ if is_public => 422,
                _ => 401,
            };
            assert_eq!(answer.status.as_u16(), expected, "{path}: {}", answer.text);
            let described = operation["responses"].get(expected.to_string());
            assert!(described.is_some_and(Value::is_object), "{path} does not describe {expected}");
        }
    }
}

/// Whether the body of an operation has a password to check or to hash.
fn has_password(document: &Value, operation: &Value) -> bool {
    let Some(content) = operation["requestBody"]["content"].as_object() else { return false };
    let schema = resolved(document, &content.values().next().unwrap()["schema"]);
    let properties = schema["properties"].as_object().unwrap();
    properties.contains_key("password") || properties.contains_key("current_password")
}

/// Whether an operation has the parameter `Idempotency-Key`.
fn is_keyed(operation: &Value) -> bool {
    let parameters = operation["parameters"].as_array();
    parameters.is_some_and(|all| all.iter().any(|parameter| parameter["name"] == "Idempotency-Key"))
}

/// Whether an operation may be answered by a stream of events.
fn is_streamed(operation: &Value) -> bool {
    let responses = operation["responses"].as_object();
    responses
        .is_some_and(|all| all.values().any(|response| response["content"]["text/event-stream"].is_object()))
}

#[test]
fn the_gateways_table_agrees_with_every_documented_operation() {
    let (mut passwords, mut keyed) = (0, 0);
    for (upstream, document) in service_documents() {
        for (path, method, operation) in operations(&document) {
            let (has_password, is_keyed) = (has_password(&document, operation), is_keyed(operation));
            let access =
                if operation["security"] == json!([{}]) { Access::Public } else { Access::Protected };
            let class = match method.as_str() {
                _ if has_password => RequestClass::Password,
                _ if is_streamed(operation) => RequestClass::Answer,
                "GET" => RequestClass::Read,
                _ => RequestClass::Write,
            };
            let expected = Policy { upstream, access, class, is_idempotent: is_keyed };
            assert_eq!(policy(method.as_str(), path), Some(expected), "{method} {path}");
            passwords += usize::from(has_password);
            keyed += usize::from(is_keyed);
        }
    }
    assert_eq!((passwords, keyed), (5, 9), "the documents were not read");
}
