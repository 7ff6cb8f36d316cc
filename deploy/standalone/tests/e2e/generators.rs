//! `/openapi.json` and `/openapi-3.0.json` in words that generators of clients take. `.ci/generators` runs some of them.

use crate::app::spawn_stack;
use crate::document::{document, operations, resolved, responses};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[tokio::test]
async fn the_document_has_nothing_that_client_generators_reject() {
    let stack = spawn_stack().await;
    let document = document(&stack).await;
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        for text in ["operationId", "summary", "description"] {
            assert!(operation[text].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}: {text}");
        }
        assert!(ids.insert(operation["operationId"].to_string()), "{method} {path}");
        assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{method} {path}");
        assert!(!path.ends_with('/'), "{path}");
        // Clients would send what is only the server's to choose, or hold it to be required.
        assert_without_default(&operation["parameters"]);
        assert_without_default(&operation["requestBody"]);
        for content in operation["requestBody"]["content"].as_object().into_iter().flatten() {
            assert_without_default(resolved(&document, &content.1["schema"]));
        }
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in schemas.keys() {
        // In Go, `NewChat` is what makes a `Chat`.
        assert!(!schemas.contains_key(name.strip_prefix("New").unwrap_or_default()), "{name}");
    }
    for name in ["Message", "MessageAddition"] {
        assert_eq!(schemas[name]["properties"]["metadata"]["additionalProperties"], json!(true), "{name}");
    }
    let order = document["paths"]["/api/v1/messages/get-messages"]["get"]["parameters"].as_array().unwrap();
    let order = order.iter().find(|parameter| parameter["name"] == "order").unwrap();
    assert_eq!(resolved(&document, &order["schema"])["enum"], json!(["desc", "asc"]));
    let info = &document["info"];
    assert!(info["license"]["name"].is_string() && info["contact"].is_object(), "{info}");
}

fn assert_without_default(value: &Value) {
    match value {
        Value::Array(values) => values.iter().for_each(assert_without_default),
        Value::Object(members) => {
            assert!(!members.contains_key("default"), "{value}");
            members.values().for_each(assert_without_default);
        }
        _ => {}
    }
}

#[tokio::test]
async fn the_document_of_version_3_0_describes_the_same_api() {
    let stack = spawn_stack().await;
    let mut new = document(&stack).await;
    let old = stack.client.get("/openapi-3.0.json").await.expect(200).json();
    // All but the session of the page, which no client that is generated has.
    new["paths"].as_object_mut().unwrap().retain(|path, _| !path.starts_with("/ui/"));
    new["tags"].as_array_mut().unwrap().retain(|tag| tag["name"] != "session");
    assert_eq!(old["openapi"], "3.0.3");
    assert_eq!((&old["info"], &old["servers"], &old["tags"]), (&new["info"], &new["servers"], &new["tags"]));
    let routes = |document: &Value| {
        let routes = operations(document).into_iter().map(|(path, method, operation)| {
            (path.to_owned(), method.to_string(), operation["operationId"].to_string())
        });
        routes.collect::<BTreeSet<_>>()
    };
    assert_eq!(routes(&old), routes(&new));
    assert_is_of_3_0(&old);
    let name = &old["components"]["schemas"]["Branch"]["properties"]["name"];
    assert_eq!((&name["type"], &name["nullable"]), (&json!("string"), &json!(true)));
    for (path, method, operation) in operations(&old) {
        let errors = responses(&old, operation).into_iter().filter(|(status, _)| *status >= 400);
        let schemas: BTreeSet<_> =
            errors.map(|(_, error)| error["content"]["application/json"]["schema"].to_string()).collect();
        assert_eq!(schemas.len(), 1, "{method} {path}: {schemas:?}");
    }
}

/// Types are texts, there is no type of null, and nothing stands beside a reference.
fn assert_is_of_3_0(value: &Value) {
    match value {
        Value::Array(values) => values.iter().for_each(assert_is_of_3_0),
        Value::Object(members) => {
            assert!(!members.get("type").is_some_and(|kind| kind.is_array() || kind == "null"), "{value}");
            assert!(
                !members.contains_key("const") && !members.get("examples").is_some_and(Value::is_array),
                "{value}"
            );
            assert!(members.len() == 1 || !members.get("$ref").is_some_and(Value::is_string), "{value}");
            members.values().for_each(assert_is_of_3_0);
        }
        _ => {}
    }
}
