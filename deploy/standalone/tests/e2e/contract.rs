//! The three places that name the routes agree: the contract's tables, `/openapi.json`, and the URL tables of the code.

use crate::app::spawn_stack;
use serde_json::Value;
use std::collections::BTreeSet;

const CONTRACT: &str = include_str!("../../../../gateway/API.md");
const URL_TABLES: [&str; 3] = [
    include_str!("../../../../services/auth/src/routes/mod.rs"),
    include_str!("../../../../services/chat/src/routes/mod.rs"),
    include_str!("../../../../services/branch/src/routes/mod.rs"),
];

/// `GET /api/v1/chats/get-chat/{}`: a method and a path without the names of its parameters.
type Routes = BTreeSet<String>;

fn route(method: &str, path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default().trim_end_matches('/');
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    format!("{method} {}", parts.collect::<Vec<_>>().join("/"))
}

/// The rows of the contract: "| POST `/auth/login` | ...".
fn in_contract() -> Routes {
    let rows = CONTRACT.lines().filter_map(|line| line.strip_prefix("| "));
    let routes = rows.filter_map(|row| {
        let (method, rest) = row.split_once(" `")?;
        let (path, _) = rest.split_once('`')?;
        ["GET", "POST", "PUT", "DELETE"].contains(&method).then(|| route(method, &format!("/api/v1{path}")))
    });
    routes.collect()
}

async fn in_document() -> Routes {
    let stack = spawn_stack().await;
    let document = stack.client.get("/openapi.json").await.expect(200).json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = document["paths"].as_object().unwrap().clone();
    let routes = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().keys().map(String::as_str);
        let is_method = |name: &&str| ["get", "post", "put", "delete", "patch"].contains(name);
        methods.filter(is_method).map(|method| route(&method.to_uppercase(), path)).collect::<Vec<_>>()
    });
    routes.collect()
}

/// The lines of the URL tables: a scope, and in it endpoints with a handler for each method.
fn in_code() -> Routes {
    let mut routes = Routes::new();
    for table in URL_TABLES {
        let (mut scope, mut path) = (String::new(), String::new());
        // Each piece begins with the name of a function and its first argument.
        for piece in table.split_inclusive('(').zip(table.split('(').skip(1)) {
            let name = piece
                .0
                .trim_end_matches('(')
                .rsplit(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap();
            let argument = piece.1.split(')').next().unwrap().trim().trim_matches('"').to_owned();
            match name {
                "protected_scope" => scope = argument,
                "protected" | "public" => path = format!("{scope}{argument}"),
                "internal" => path = String::new(),
                "get" | "post" | "put" | "delete" if path.starts_with("/api/") => {
                    routes.insert(route(&name.to_uppercase(), &path));
                }
                _ => {}
            }
        }
    }
    routes
}

#[tokio::test]
async fn contract_document_and_code_have_the_same_routes() {
    let (contract, document, code) = (in_contract(), in_document().await, in_code());
    assert!(contract.len() > 20, "the contract's tables were not read: {contract:?}");
    assert_eq!(contract, document);
    assert_eq!(code, document);
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
            let is_public = operation["security"] == serde_json::json!([{}])
                || operation["security"] == serde_json::json!([]);
            let expected = match path.as_str() {
                // RFC 6749, 5.2.
                "/api/v1/auth/token" => 400,
                _ if is_public => 422,
                _ => 401,
            };
            assert_eq!(answer.status.as_u16(), expected, "{path}: {}", answer.text);
            let described = operation["responses"].get(expected.to_string());
            assert!(described.is_some_and(Value::is_object), "{path} does not describe {expected}");
        }
    }
}
