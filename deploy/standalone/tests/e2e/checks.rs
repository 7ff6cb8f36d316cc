//! The order of checks, and the conventions that hold on every route.

use crate::app::{column, spawn_stack, text};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn checks_come_in_the_order_of_the_api() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let nobody = &stack.client;
    let too_large = || Some("x".repeat(16 * 1024 * 1024 + 1));
    let plain = ann.client.with_header("content-type", "text/plain");
    let put = "/api/v1/chats/update-chat/no-uuid";

    nobody.get("/api/v1/unknown").await.expect(404);
    nobody.get("/internal/chats/x").await.expect(404);
    nobody.get("/api/v1/chats/unknown").await.expect(401);
    nobody.send(Method::PUT, put, too_large()).await.expect(401);
    ann.get("/chats/unknown").await.expect(404);
    let answer = ann.client.send(Method::PATCH, put, None).await.expect(405);
    assert_eq!(answer.header("allow"), "PUT");
    let answer = ann.client.send(Method::POST, put, too_large()).await.expect(405);
    assert_eq!(answer.header("allow"), "PUT");
    ann.client.send(Method::POST, "/api/v1/chats/unknown", too_large()).await.expect(404);
    plain.send(Method::PUT, put, too_large()).await.expect(413);
    plain.send(Method::PUT, put, Some("{".to_owned())).await.expect(415);
    let answer = ann.client.send(Method::PUT, put, Some("{".to_owned())).await.expect(422);
    assert_eq!(answer.field_errors(), ["uuid_parsing path.chat_id"]);
    ann.put(&format!("/chats/update-chat/{}", ann.id), &json!({"name": ""})).await.expect(422);
    ann.put(&format!("/chats/update-chat/{}", ann.id), &json!({"name": "x"})).await.expect(404);
    let record = json!({"chat_id": ann.id, "account_id": "somebody else"});
    ann.post("/conversations/", &record).await.expect(403);
}

#[tokio::test]
async fn media_types_are_parsed_as_in_rfc_9110() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let create = async |media_type: &str| {
        let client = ann.client.with_header("content-type", media_type);
        client.send(Method::POST, "/api/v1/chats/create-chat", Some(r#"{"name":"x"}"#.to_owned())).await
    };
    for json in
        ["application/json", "Application/JSON ; charset=UTF-8", "application/vnd.api+json;charset=utf8"]
    {
        create(json).await.expect(201);
    }
    for other in
        ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "json"]
    {
        assert_eq!(create(other).await.expect(415).code(), "unsupported_media_type", "{other}");
    }
}

#[tokio::test]
async fn an_encoded_body_is_refused_after_the_route_check_and_before_the_type_check() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let encoded =
        ann.client.with_header("content-encoding", "gzip").with_header("content-type", "text/plain");
    let send = async |method, path: &str| {
        encoded.send(method, &format!("/api/v1{path}"), Some("\u{1f}".to_owned())).await
    };
    send(Method::POST, "/chats/unknown").await.expect(404);
    send(Method::PUT, "/chats/create-chat").await.expect(405);
    for (method, path) in [
        (Method::POST, "/auth/login"),
        (Method::POST, "/chats/create-chat"),
        (Method::PUT, "/chats/update-chat/no-uuid"),
        (Method::DELETE, "/auth/me"),
    ] {
        let answer = send(method, path).await.expect(415);
        assert_eq!(
            (answer.header("accept-encoding"), answer.code().as_str()),
            ("identity", "unsupported_media_type")
        );
        assert!(answer.json()["detail"].as_str().unwrap().contains("Content-Encoding"), "{path}");
    }
    // Nobody looks at these.
    let chat = ann.chat("Trees").await;
    send(Method::DELETE, &format!("/chats/delete-chat/{chat}")).await.expect(200);
    let identity = ann.client.with_header("content-encoding", "identity");
    identity.post("/api/v1/chats/create-chat", &json!({"name": "x"})).await.expect(201);
}

#[tokio::test]
async fn too_many_headers_get_the_common_error_body() {
    let stack = spawn_stack().await;
    let mut client = stack.user("ann").await.client;
    for n in 0..80 {
        client = client.with_header(&format!("x-header-{n}"), "x");
    }
    client.get("/api/v1/chats/get-chat").await.expect(200);
    for n in 80..88 {
        client = client.with_header(&format!("x-header-{n}"), "x");
    }
    assert_eq!(client.get("/api/v1/chats/get-chat").await.expect(431).code(), "too_many_headers");
}

#[tokio::test]
async fn a_wrong_method_is_a_405_with_allow() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    for (method, path, allow) in [
        (Method::GET, "/auth/login", "POST"),
        (Method::GET, "/auth/token", "POST"),
        (Method::POST, "/auth/me", "DELETE, GET, HEAD"),
        (Method::POST, "/chats/get-chat", "GET, HEAD"),
        (Method::GET, "/chats/create-chat", "POST"),
        (Method::PUT, "/conversations/", "GET, HEAD, POST"),
        (Method::DELETE, "/messages/add-message", "POST"),
        (Method::POST, "/branches/get-branches", "GET, HEAD"),
        (Method::POST, "/branches/set-active-branch", "PUT"),
    ] {
        let answer = ann.client.send(method.clone(), &format!("/api/v1{path}"), None).await.expect(405);
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
        assert_eq!(answer.code(), "method_not_allowed");
    }
}

#[tokio::test]
async fn slashes_ids_and_unknown_fields_are_accepted_as_clients_send_them() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat =
        ann.post("/chats/create-chat/", &json!({"name": "x", "colour": "green"})).await.expect(201).json();
    let id = text(&chat["chat_id"]);
    let forms = [id.to_owned(), id.replace('-', ""), id.to_uppercase()];
    for form in &forms {
        for slash in ["", "/"] {
            let read = ann.get(&format!("/chats/get-chat/{form}{slash}")).await.expect(200).json();
            assert_eq!(read, chat);
        }
    }
    // After the chat was read, as what is said becomes its activity.
    for form in &forms {
        let body = json!({"chat_id": form, "question": "q", "response": "r"});
        assert_eq!(ann.post("/messages/add-message/", &body).await.expect(201).json()["chat_id"], id);
        ann.get(&format!("/messages/get-messages/?chat_id={form}")).await.expect(200);
    }
    ann.get("/chats/get-chat/").await.expect(200);
    ann.get(&format!("/conversations?chat_id={id}")).await.expect(200);
    for form in [format!("{{{id}}}"), format!("urn:uuid:{id}"), "7".to_owned(), format!("{id}0")] {
        ann.get(&format!("/messages/get-messages?chat_id={form}")).await.expect(422);
        let body = json!({"chat_id": form, "question": "q", "response": "r"});
        let errors = ann.post("/messages/add-message", &body).await.expect(422).field_errors();
        assert_eq!(errors, ["uuid_parsing body.chat_id"]);
    }
}

#[tokio::test]
async fn every_get_answers_head_without_a_body() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("x").await;
    for path in [
        "/auth/me".to_owned(),
        "/chats/get-chat".to_owned(),
        format!("/branches/get-branches?chat_id={chat}"),
    ] {
        let get = ann.get(&path).await.expect(200);
        let head = ann.client.send(Method::HEAD, &format!("/api/v1{path}"), None).await.expect(200);
        assert_eq!(head.text, "");
        assert_eq!(head.header("content-length"), get.text.len().to_string(), "{path}");
    }
    for path in ["/livez", "/readyz", "/health", "/openapi.json", "/docs/"] {
        stack.client.send(Method::HEAD, path, None).await.expect(200);
    }
}

#[tokio::test]
async fn errors_of_the_gateway_and_of_all_services_have_one_shape() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let missing = format!("/api/v1/chats/get-chat/{}", ann.id);
    for (client, path, status) in [
        (&stack.client, "/api/v1/auth/me", 401),
        (&stack.client, "/nowhere", 404),
        (&ann.client, missing.as_str(), 404),
        (&ann.client, "/api/v1/messages/get-messages?chat_id=x", 422),
    ] {
        let plain = client.with_header("x-request-id", "one").get(path).await.expect(status);
        let body = plain.json();
        assert_eq!(plain.header("content-type"), "application/json", "{path}");
        assert_eq!((plain.header("x-request-id"), &body["request_id"]), ("one", &json!("one")), "{path}");
        assert!(body["code"].is_string() && (status == 422) == body["detail"].is_array(), "{body}");

        let client = client.with_header("accept", "application/problem+json");
        let problem = client.get(path).await.expect(status);
        let body = problem.json();
        assert_eq!(problem.header("content-type"), "application/problem+json", "{path}");
        assert_eq!(body["request_id"], problem.header("x-request-id"));
        assert_eq!(body["status"], status);
        assert!(
            body["type"].is_string() && body["title"].is_string() && body["detail"].is_string(),
            "{body}"
        );
        assert_eq!(body["errors"].is_array(), status == 422);
    }
}

#[tokio::test]
async fn times_are_equal_in_the_creation_and_in_every_later_read() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = ann.post("/chats/create-chat", &json!({"name": "x"})).await.expect(201).json();
    let id = text(&chat["chat_id"]);
    assert_eq!(ann.get(&format!("/chats/get-chat/{id}")).await.json(), chat);
    let message = ann.say(id, "one").await;
    let time = text(&message["timestamp"]);
    assert!(time.len() == 27 && time.ends_with('Z') && time.as_bytes()[19] == b'.', "{time}");
    let read = ann.get(&format!("/messages/get-message/{}", text(&message["response_id"]))).await.json();
    assert_eq!(read, message);
    let body = json!({"original_chat_id": id, "branch_from_response_id": message["response_id"]});
    let branch = ann.post("/branches/create-branch", &body).await.expect(201).json();
    let tree = ann.get(&format!("/branches/get-branches?chat_id={id}")).await.json();
    assert_eq!(column(tree["branches"].as_array().unwrap(), "created_at")[1], branch["created_at"]);
}

#[tokio::test]
async fn the_expected_head_is_checked() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("x").await;
    let say = async |head: serde_json::Value| {
        let body = json!({"chat_id": chat, "question": "q", "response": "r", "expected_head": head});
        ann.post("/messages/add-message", &body).await
    };
    let first = say(json!(null)).await.expect(201).json();
    let moved = say(json!(null)).await.expect(409);
    assert_eq!(
        (moved.code().as_str(), &moved.json()["head_response_id"]),
        ("head_moved", &first["response_id"])
    );
    say(first["response_id"].clone()).await.expect(201);
    say(first["response_id"].clone()).await.expect(409);
    assert_eq!(ann.line(&format!("chat_id={chat}")).await.len(), 2);
}
