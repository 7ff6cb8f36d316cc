//! `/openapi.json` tells what the code answers, in words that generators of clients take.

use crate::app::{TestStack, spawn_stack};
use jsonschema::Draft;
use reqwest::Method;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The sources with the table, or the match, of the codes of errors.
const ERRORS: [&str; 5] = [
    include_str!("../../../../gateway/src/error.rs"),
    include_str!("../../../../services/auth/src/problem.rs"),
    include_str!("../../../../services/chat/src/problem.rs"),
    include_str!("../../../../services/branch/src/problem.rs"),
    include_str!("../../../../services/answer/src/problem.rs"),
];

/// What is answered outside of the described paths: where there is no route, and to services alone.
const UNDESCRIBED: [&str; 2] = ["not_found", "user_not_found"];
/// Lists that are short, and answered whole.
const WITHOUT_PAGES: [&str; 3] =
    ["/api/v1/answers/get-answers", "/api/v1/models/get-models", "/api/v1/providers/get-providers"];

pub async fn document(stack: &TestStack) -> Value {
    stack.client.get("/openapi.json").await.expect(200).json()
}

/// What a reference in the document stands for; else the value itself.
pub fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
        None => value,
    }
}

/// Each operation, with its path and its method.
pub fn operations(document: &Value) -> Vec<(&str, Method, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().unwrap().iter();
        item.map(move |(method, operation)| {
            (path.as_str(), method.to_uppercase().parse().unwrap(), operation)
        })
    });
    operations.collect()
}

/// Each response of an operation, by its status.
pub fn responses<'a>(document: &'a Value, operation: &'a Value) -> Vec<(u16, &'a Value)> {
    let responses = operation["responses"].as_object().unwrap().iter();
    responses.map(|(status, response)| (status.parse().unwrap(), resolved(document, response))).collect()
}

fn examples<'a>(response: &'a Value, media_type: &str) -> &'a Map<String, Value> {
    response["content"][media_type]["examples"].as_object().unwrap()
}

fn assert_fits(document: &Value, content: &Value, example: &Value) {
    let mut schema = content["schema"].clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::options().with_draft(Draft::Draft202012).build(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(example).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{example}: {errors:?}");
}

#[tokio::test]
async fn every_example_of_an_error_has_the_status_of_its_response() {
    let stack = spawn_stack().await;
    let document = document(&stack).await;
    let mut seen = 0;
    for (path, method, operation) in operations(&document) {
        for (status, response) in
            responses(&document, operation).into_iter().filter(|(status, _)| *status >= 400)
        {
            let name = format!("{method} {path} {status}");
            let (plain, problem) =
                (examples(response, "application/json"), examples(response, "application/problem+json"));
            assert!(!plain.is_empty(), "{name}");
            assert!(plain.keys().eq(problem.keys()), "{name}");
            for (code, example) in problem {
                assert_eq!(example["value"]["status"], json!(status), "{name}: {example}");
                assert_eq!(plain[code]["value"]["code"], json!(code), "{name}");
                assert_eq!(example["value"]["code"], json!(code), "{name}");
                for (media_type, examples) in
                    [("application/json", plain), ("application/problem+json", problem)]
                {
                    assert_fits(&document, &response["content"][media_type], &examples[code]["value"]);
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 300, "{seen}");
}

#[tokio::test]
async fn every_response_documents_its_headers() {
    let stack = spawn_stack().await;
    let document = document(&stack).await;
    for (path, method, operation) in operations(&document) {
        let responses = responses(&document, operation);
        for status in [400, 405, 408, 413, 429, 431, 500, 501, 503, 504, 507] {
            assert!(responses.iter().any(|(known, _)| *known == status), "{method} {path}: {status}");
        }
        for (status, response) in responses {
            let mut expected = vec!["X-Request-Id", "RateLimit", "RateLimit-Policy"];
            match status {
                401 => expected.push("WWW-Authenticate"),
                405 => expected.push("Allow"),
                429 | 503 | 507 => expected.push("Retry-After"),
                _ => {}
            }
            if status == 200
                && !WITHOUT_PAGES.contains(&path)
                && (response["content"]["application/json"]["schema"]["type"] == "array"
                    || path.ends_with("/get-branches"))
            {
                expected.extend(["Link", "X-Next-Cursor"]);
            }
            for name in expected {
                let header = resolved(&document, &response["headers"][name]);
                assert!(header["schema"]["type"].is_string(), "{method} {path} {status}: {name}");
            }
        }
    }
}

#[tokio::test]
async fn every_error_code_is_documented() {
    let stack = spawn_stack().await;
    let document = document(&stack).await;
    let mut described = BTreeSet::new();
    for (_, _, operation) in operations(&document) {
        let errors = responses(&document, operation).into_iter().filter(|(status, _)| *status >= 400);
        described
            .extend(errors.flat_map(|(_, response)| examples(response, "application/json").keys().cloned()));
    }
    for source in ERRORS {
        let table = source.split_once("fn status_and_code(&self)");
        let codes = table.unwrap().1.split("\n    }\n").next().unwrap();
        let codes: Vec<_> = codes.split('"').skip(1).step_by(2).collect();
        assert!(codes.len() > 5, "{codes:?}");
        for code in codes.into_iter().filter(|code| !UNDESCRIBED.contains(code)) {
            assert!(described.contains(code), "{code} is in no response of {described:?}");
        }
    }
}

#[tokio::test]
async fn errors_before_routing_are_documented() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let document = document(&stack).await;
    for (path, _, operation) in operations(&document) {
        let url = path.replace(['{', '}'], "");
        for (method, url, status) in [
            (Method::TRACE, url.clone(), 501),
            (Method::GET, format!("{url}//x"), 400),
            (Method::PATCH, url.clone(), 405),
        ] {
            let answer = ann.client.send(method, &url, None).await.expect(status);
            let responses = responses(&document, operation);
            let (_, response) = responses.into_iter().find(|(known, _)| *known == status).unwrap();
            let code = answer.code();
            assert!(examples(response, "application/json").contains_key(&code), "{path}: {status} {code}");
        }
    }
}
