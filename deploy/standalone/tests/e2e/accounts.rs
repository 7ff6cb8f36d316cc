//! What goes with an account.

use crate::app::{PASSWORD, spawn_stack, text};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn deleting_an_account_deletes_its_chats_only() {
    let stack = spawn_stack().await;
    let (ann, bob) = (stack.user("ann").await, stack.user("bob").await);
    let (chat, other) = (ann.chat("Trees").await, bob.chat("Birds").await);
    let message = ann.say(&chat, "one").await;
    bob.say(&other, "one").await;

    let body = json!({"password": PASSWORD}).to_string();
    ann.client.send(Method::DELETE, "/api/v1/auth/me", Some(body)).await.expect(200);
    assert_eq!(ann.get("/auth/me").await.expect(401).json()["detail"], "Invalid token");
    let timeout = Duration::from_secs(30);
    ann.wait_for(&format!("/chats/get-chat/{chat}"), 404, timeout).await;
    ann.wait_for(&format!("/messages/get-messages?chat_id={chat}"), 404, timeout).await;
    ann.wait_for(&format!("/messages/get-message/{}", text(&message["response_id"])), 404, timeout).await;
    assert_eq!(ann.get("/messages/all-messages").await.expect(200).json(), json!([]));
    ann.post("/chats/create-chat", &json!({"name": "late"})).await.expect(401);
    assert_eq!(bob.line(&format!("chat_id={other}")).await.len(), 1);
}

#[tokio::test]
async fn a_session_is_refreshed_and_logged_out() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let body = json!({"refresh_token": ann.refresh_token});
    let tokens = stack.client.post("/api/v1/auth/refresh", &body).await.expect(200).json();
    let again = stack.client.with_token(text(&tokens["access_token"]));
    assert_eq!(again.get("/api/v1/auth/me").await.expect(200).json()["user_id"], ann.id.as_str());
    again.post("/api/v1/auth/logout", &json!({"refresh_token": tokens["refresh_token"]})).await.expect(200);
    let body = json!({"refresh_token": tokens["refresh_token"]});
    stack.client.post("/api/v1/auth/refresh", &body).await.expect(401);
}

#[tokio::test]
async fn an_oauth_client_gets_tokens_at_the_documented_endpoint() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let document = stack.client.get("/openapi.json").await.expect(200).json();
    let flow = &document["components"]["securitySchemes"]["oauth2"]["flows"]["password"];
    let client = stack.client.with_header("content-type", "application/x-www-form-urlencoded");
    let client = client.with_header("authorization", "Basic bXktYXBwOnNlY3JldA==");
    let ask = async |url: &Value, form: String| client.send(Method::POST, text(url), Some(form)).await;
    let form = format!("grant_type=password&username=ann&password={}&scope=all", PASSWORD.replace(' ', "+"));
    let first = ask(&flow["tokenUrl"], form).await.expect(200);
    assert_eq!((first.header("cache-control"), first.header("pragma")), ("no-store", "no-cache"));
    let refresh = format!("grant_type=refresh_token&refresh_token={}", text(&first.json()["refresh_token"]));
    let second = ask(&flow["refreshUrl"], refresh.clone()).await.expect(200).json();
    for tokens in [first.json(), second.clone()] {
        let me = stack.client.with_token(text(&tokens["access_token"])).get("/api/v1/auth/me").await;
        assert_eq!(me.expect(200).json()["user_id"], ann.id.as_str());
    }
    // What the routes of JSON and the token endpoint give is one session.
    let body = json!({"refresh_token": second["refresh_token"]});
    stack.client.post("/api/v1/auth/refresh", &body).await.expect(200);
    let reused = ask(&flow["refreshUrl"], refresh).await.expect(400).json();
    assert_eq!((&reused["error"], &reused["code"]), (&json!("invalid_grant"), &json!("invalid_token")));
}

#[tokio::test]
async fn throttled_logins_get_retry_after_through_the_gateway() {
    let stack = spawn_stack().await;
    stack.user("ann").await;
    let guess = json!({"username": "ann", "password": "wrong horse"});
    let mut answers = Vec::new();
    while !answers.contains(&429) {
        assert!(answers.len() < 40, "{answers:?}");
        let answer = stack.client.post("/api/v1/auth/login", &guess).await;
        answers.push(answer.status.as_u16());
        if answer.status == 429 {
            assert_eq!(answer.code(), "too_many_failed_logins");
            assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
        }
    }
    assert!(answers.len() > 21, "{answers:?}");
    stack.user("bob").await;
}
