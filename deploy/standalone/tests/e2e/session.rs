//! The session of the page, before the auth service.

use crate::app::{PASSWORD, TestStack, spawn_stack, text};
use serde_json::json;
use shared_test_kit::{Answer, TestClient};

const REFRESH: &str = "/ui/session/refresh";
const LOGOUT: &str = "/ui/session/logout";

/// The page without a cookie.
fn page(stack: &TestStack) -> TestClient {
    stack.client.with_header("sec-fetch-site", "same-origin")
}

/// The cookie that an answer sets, as a browser sends it; empty where it is removed.
fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie");
    assert!(set.starts_with("banyan=") && set.ends_with("; HttpOnly; SameSite=Strict"), "{set}");
    let pair = set.split(';').next().unwrap();
    if pair == "banyan=" { String::new() } else { pair.to_owned() }
}

async fn log_in(stack: &TestStack, name: &str) -> Answer {
    let credentials = json!({"username": name, "password": PASSWORD});
    page(stack).post("/ui/session/login", &credentials).await.expect(200)
}

async fn post(stack: &TestStack, path: &str, cookie: &str) -> Answer {
    page(stack).with_header("cookie", cookie).post(path, &json!({})).await
}

#[tokio::test]
async fn a_session_is_opened_continued_and_ended_by_its_cookie() {
    let stack = spawn_stack().await;
    stack.user("ann").await;
    let opened = log_in(&stack, "ann").await;
    let first = cookie(&opened);
    let token = opened.json();
    assert!(token.get("refresh_token").is_none(), "{token}");
    let me = stack.client.with_token(text(&token["access_token"])).get("/api/v1/auth/me").await.expect(200);
    assert_eq!(me.json()["username"], "ann");

    let refreshed = post(&stack, REFRESH, &first).await.expect(200);
    let second = cookie(&refreshed);
    assert_ne!(first, second);
    // Another tab, or an answer that got lost: within the grace a used one is answered again.
    let sibling = cookie(&post(&stack, REFRESH, &first).await.expect(200));
    assert!(sibling != first && sibling != second);

    let ended = post(&stack, LOGOUT, &second).await.expect(204);
    assert_eq!(cookie(&ended), "");
    for used in [&first, &second, &sibling] {
        let answer = post(&stack, REFRESH, used).await.expect(204);
        assert_eq!((cookie(&answer).as_str(), answer.text.as_str()), ("", ""));
        post(&stack, LOGOUT, used).await.expect(204);
    }
    // Other sessions go on.
    let other = cookie(&log_in(&stack, "ann").await);
    post(&stack, REFRESH, &other).await.expect(200);
}

#[tokio::test]
async fn wrong_passwords_of_the_page_count_as_failed_logins() {
    let stack = spawn_stack().await;
    stack.user("ann").await;
    let wrong = json!({"username": "ann", "password": "not that one"});
    let mut answer = page(&stack).post("/ui/session/login", &wrong).await.expect(401);
    assert_eq!(answer.code(), "invalid_credentials");
    while answer.status == 401 {
        answer = page(&stack).post("/ui/session/login", &wrong).await;
    }
    assert_eq!(answer.expect(429).code(), "too_many_failed_logins");
    let login = json!({"username": "ann", "password": PASSWORD});
    let refused = stack.client.post("/api/v1/auth/login", &login).await.expect(429);
    assert_eq!(refused.code(), "too_many_failed_logins");
}
