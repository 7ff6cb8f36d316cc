//! `POST /conversations/`

use crate::app::{CONVERSATIONS, spawn_app, text};
use reqwest::Method;
use serde_json::json;
use shared::ids::{BranchId, ChatId, UserId};
use wiremock::matchers::{any, method, path, query_param};
use wiremock::{Mock, ResponseTemplate};

#[tokio::test]
async fn name_and_branch_default_to_those_of_the_chat() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat(" the chat's ").await;
    let body = json!({"chat_id": chat.to_uppercase(), "name": null, "branch_id": null, "account_id": null});
    for body in [json!({"chat_id": chat}), body] {
        let record = ann.create_conversation(&body).await.expect(201).json();
        let expected = json!({
            "id": record["id"], "chat_id": chat, "account_id": ann.id, "name": " the chat's ",
            "branch_id": chat, "deleted": false,
        });
        assert_eq!(record, expected);
    }
}

#[tokio::test]
async fn the_active_branch_is_requested_with_the_owner() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("x").await;
    let active = BranchId::generate();
    app.branch_responds_with(200, &json!({"branch_id": active})).await;
    let record = ann.create_conversation(&json!({"chat_id": chat})).await.expect(201).json();
    assert_eq!(record["branch_id"], json!(active));

    let asked = app.branch.received_requests().await.unwrap();
    assert_eq!(asked[0].url.path(), format!("/internal/chats/{chat}/branch"));
    assert_eq!(asked[0].url.query(), Some(&*format!("owner={}", ann.id)));
}

#[tokio::test]
async fn a_named_branch_must_be_of_the_chat() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("x").await;
    let branch = BranchId::generate().to_string();
    let body = json!({"chat_id": chat, "branch_id": branch.to_uppercase(), "name": "fork"});
    assert_eq!(ann.create_conversation(&body).await.expect(404).code(), "branch_not_found");

    let known = Mock::given(method("GET")).and(path(format!("/internal/chats/{chat}/branch")));
    let known = known.and(query_param("branch_id", &*branch)).and(query_param("owner", ann.id.to_string()));
    let answer = ResponseTemplate::new(200).set_body_json(json!({"branch_id": branch}));
    known.respond_with(answer).with_priority(1).mount(&app.branch).await;
    let record = ann.create_conversation(&body).await.expect(201).json();
    assert_eq!((text(&record["branch_id"]), text(&record["name"])), (branch.as_str(), "fork"));
    ann.create_conversation(&json!({"chat_id": chat, "branch_id": chat})).await.expect(201);
}

#[tokio::test]
async fn nothing_is_stored_while_branch_is_down() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("x").await;
    for status in [500, 503] {
        app.branch_responds_with(status, &json!({})).await;
        let answer = ann.create_conversation(&json!({"chat_id": chat})).await.expect(503);
        assert_eq!(answer.code(), "service_unavailable");
        assert_eq!(answer.header("retry-after"), "1");
    }

    assert_eq!(ann.get_conversations(&format!("?chat_id={chat}")).await.expect(200).json(), json!([]));
}

#[tokio::test]
async fn a_chat_that_branch_has_deleted_is_a_404() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("x").await;
    app.branch_responds_with(404, &json!({})).await;

    let answer = ann.create_conversation(&json!({"chat_id": chat})).await.expect(404);

    assert_eq!(answer.code(), "chat_not_found");
}

#[tokio::test]
async fn the_account_is_the_caller_named_by_id_or_by_name() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("x").await;
    let id = ann.id.to_string();
    for account in [&id, &id.to_uppercase(), &id.replace('-', "")] {
        let body = json!({"chat_id": chat, "account_id": account});
        let record = ann.create_conversation(&body).await.expect(201).json();
        assert_eq!(record["account_id"], id.as_str());
    }
    assert!(app.auth.received_requests().await.unwrap().is_empty(), "an id needs no asking");

    app.name_user(&ann, "Jürgen@example.org").await;
    for account in ["Jürgen@example.org", "JÜRGEN@EXAMPLE.ORG"] {
        let body = json!({"chat_id": chat, "account_id": account});
        let record = ann.create_conversation(&body).await.expect(201).json();
        assert_eq!(record["account_id"], id.as_str());
    }
    let others = UserId::generate().to_string();
    for account in ["bob", "", " Jürgen@example.org", &others] {
        let body = json!({"chat_id": chat, "account_id": account});
        assert_eq!(ann.create_conversation(&body).await.expect(403).code(), "forbidden", "{account}");
    }
    assert_eq!(ann.get_conversations(&format!("?chat_id={chat}")).await.json().as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn a_name_is_the_callers_only_if_auth_resolves_it_to_the_caller() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("x").await;
    // Each of two users with the same key is found by the exact name.
    let asked = Mock::given(method("GET")).and(path(format!("/internal/users/{}", ann.id)));
    let asked = asked.and(query_param("name", "straße"));
    let answer = json!({"user_id": ann.id, "username": "straße"});
    asked.respond_with(ResponseTemplate::new(200).set_body_json(answer)).mount(&app.auth).await;
    for (account, status) in [("straße", 201), ("STRAẞE", 403), ("strasse", 403)] {
        ann.create_conversation(&json!({"chat_id": chat, "account_id": account})).await.expect(status);
    }
    assert_eq!(app.auth.received_requests().await.unwrap().len(), 3);

    // Longer than any name.
    let long = "é".repeat(257);
    ann.create_conversation(&json!({"chat_id": chat, "account_id": long})).await.expect(403);
    assert_eq!(app.auth.received_requests().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_name_is_a_503_while_auth_is_down_and_a_403_if_auth_knows_no_such_user() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("x").await;
    let body = json!({"chat_id": chat, "account_id": "ann"});
    ann.create_conversation(&body).await.expect(403);

    Mock::given(any()).respond_with(ResponseTemplate::new(500)).mount(&app.auth).await;
    ann.create_conversation(&body).await.expect(503);
    assert_eq!(ann.get_conversations(&format!("?chat_id={chat}")).await.json(), json!([]));
}

#[tokio::test]
async fn checks_come_in_the_order_422_403_404() {
    let app = spawn_app().await;
    let (ann, bob) = (app.user(), app.user());
    let chat = bob.chat("bob's").await;
    app.name_user(&ann, "ann").await;
    let unknown = ChatId::generate();
    let answer = ann.create_conversation(&json!({"chat_id": unknown, "account_id": "bob", "name": ""})).await;
    answer.expect(422);
    ann.create_conversation(&json!({"chat_id": unknown, "account_id": "bob"})).await.expect(403);

    let answer = ann.create_conversation(&json!({"chat_id": unknown, "account_id": "ann"})).await.expect(404);
    assert_eq!(answer.code(), "chat_not_found");

    let answer = ann.create_conversation(&json!({"chat_id": chat, "branch_id": chat})).await.expect(404);
    assert_eq!(answer.code(), "chat_not_found");
    assert!(app.branch.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn every_invalid_field_is_reported() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("x").await;
    for (body, errors) in [
        (json!({}), vec!["missing body.chat_id"]),
        (json!({"chat_id": null}), vec!["uuid_type body.chat_id"]),
        (
            json!({"chat_id": "x", "name": "", "branch_id": "y", "account_id": 1}),
            vec![
                "uuid_parsing body.chat_id",
                "string_too_short body.name",
                "uuid_parsing body.branch_id",
                "string_type body.account_id",
            ],
        ),
        (json!({"chat_id": chat, "name": "🌳".repeat(201)}), vec!["string_too_long body.name"]),
        (json!({"chat_id": chat, "name": "\0"}), vec!["value_error body.name"]),
        (json!({"chat_id": chat, "account_id": "a\0"}), vec!["value_error body.account_id"]),
    ] {
        assert_eq!(ann.create_conversation(&body).await.expect(422).field_errors(), errors, "{body}");
    }
    let body = format!(r#"{{"chat_id": "{chat}", "account_id": "\udc00"}}"#);
    ann.send(Method::POST, CONVERSATIONS, &body).await.expect(422);

    let name = "🌳".repeat(200);
    let body = json!({"chat_id": chat, "name": name, "deleted": true, "id": 1});
    let record = ann.create_conversation(&body).await.expect(201).json();
    assert_eq!((&record["name"], &record["deleted"]), (&json!(name), &json!(false)));
}
