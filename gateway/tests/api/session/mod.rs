//! The session of the page: its refresh token is in a cookie, and all else counts as at the auth service's own routes.

mod requests;

use crate::app::{TestDeployment, only_request, spawn_configured, spawn_deployment_with};
use crate::ui::with_ui;
use gateway::config::Config;
use serde_json::{Value, json};
use shared_test_kit::{Answer, TestClient, unreachable_url};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const LOGIN: &str = "/ui/session/login";
const REFRESH: &str = "/ui/session/refresh";
const LOGOUT: &str = "/ui/session/logout";
const ALL: [&str; 3] = [LOGIN, REFRESH, LOGOUT];

fn issued(refresh_token: &str) -> Value {
    json!({"access_token": "a.b.c", "token_type": "bearer", "expires_in": 60, "refresh_token": refresh_token})
}

async fn answering(service: &MockServer, at: &str, response: ResponseTemplate) {
    let route = format!("/api/v1/auth/{at}");
    Mock::given(method("POST")).and(path(route)).respond_with(response).mount(service).await;
}

/// A deployment with the page, whose auth service issues tokens.
async fn spawn_with(configure: impl FnOnce(&mut Config)) -> TestDeployment {
    let deployment = spawn_deployment_with(|config| {
        with_ui(config);
        configure(config);
    })
    .await;
    // A service sets no cookie of a client, whatever it says.
    let ok =
        |token| ResponseTemplate::new(200).set_body_json(issued(token)).insert_header("set-cookie", "evil=1");
    answering(&deployment.auth, "login", ok("first")).await;
    answering(&deployment.auth, "refresh", ok("second")).await;
    answering(
        &deployment.auth,
        "logout",
        ResponseTemplate::new(200).set_body_json(json!({"msg": "Logged out"})),
    )
    .await;
    deployment
}

async fn spawn() -> TestDeployment {
    spawn_with(|_| {}).await
}

/// The page, as a browser sends its requests.
fn page(client: &TestClient) -> TestClient {
    client.with_header("sec-fetch-site", "same-origin")
}

fn with_cookie(client: &TestClient) -> TestClient {
    page(client).with_header("cookie", "a=b; banyan=first; c=d")
}

fn cookies(answer: &Answer) -> Vec<&str> {
    answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect()
}

const CLEARED: [&str; 1] = ["banyan=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"];

/// The bodies that the auth service was sent, with their paths.
async fn sent(deployment: &TestDeployment) -> Vec<(String, Value)> {
    let requests = deployment.auth.received_requests().await.unwrap();
    let sent = requests.iter().map(|request| {
        assert!(!request.headers.contains_key("cookie"), "{request:?}");
        (request.url.path().to_owned(), request.body_json().unwrap())
    });
    sent.collect()
}

#[tokio::test]
async fn login_answers_an_access_token_and_sets_the_cookie() {
    let deployment = spawn().await;
    let credentials = json!({"username": "ann", "password": "correct horse"});
    let answer = page(&deployment.gateway.client).post(LOGIN, &credentials).await.expect(200);
    assert_eq!(answer.json(), json!({"access_token": "a.b.c", "token_type": "bearer", "expires_in": 60}));
    assert_eq!(cookies(&answer), ["banyan=first; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict"]);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    assert_eq!(sent(&deployment).await, [("/api/v1/auth/login".to_owned(), credentials)]);
}

#[tokio::test]
async fn errors_of_login_are_those_of_the_auth_service() {
    let deployment = spawn().await;
    deployment.auth.reset().await;
    let error = json!({"detail": "Invalid credentials", "code": "invalid_credentials", "request_id": "x"});
    let refusal =
        ResponseTemplate::new(401).set_body_json(&error).insert_header("www-authenticate", "Bearer");
    answering(&deployment.auth, "login", refusal).await;
    let answer = page(&deployment.gateway.client).post(LOGIN, &json!({})).await.expect(401);
    assert_eq!((answer.json(), answer.header("www-authenticate")), (error, "Bearer"));
    assert!(cookies(&answer).is_empty());
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn refresh_uses_the_token_of_the_cookie_and_replaces_it() {
    let deployment = spawn().await;
    let answer =
        with_cookie(&deployment.gateway.client).post(REFRESH, &json!({"ignored": 1})).await.expect(200);
    assert_eq!(answer.json(), json!({"access_token": "a.b.c", "token_type": "bearer", "expires_in": 60}));
    assert_eq!(cookies(&answer), ["banyan=second; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict"]);
    let expected = ("/api/v1/auth/refresh".to_owned(), json!({"refresh_token": "first"}));
    assert_eq!(sent(&deployment).await, [expected]);
}

#[tokio::test]
async fn where_nobody_is_signed_in_refresh_and_logout_are_a_204_without_the_cookie() {
    let deployment = spawn().await;
    deployment.auth.reset().await;
    answering(&deployment.auth, "refresh", ResponseTemplate::new(401)).await;
    let client = &deployment.gateway.client;
    for path in [REFRESH, LOGOUT] {
        for client in [page(client), page(client).with_header("cookie", "__Host-banyan=first")] {
            let answer = client.post(path, &json!({})).await.expect(204);
            assert_eq!((answer.text.as_str(), cookies(&answer)), ("", CLEARED.to_vec()), "{path}");
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }
    assert!(sent(&deployment).await.is_empty());
    for path in [REFRESH, LOGOUT] {
        let answer = with_cookie(client).post(path, &json!({})).await.expect(204);
        assert_eq!(cookies(&answer), CLEARED, "{path}");
    }
    assert_eq!(sent(&deployment).await.len(), 2);
}

#[tokio::test]
async fn logout_revokes_the_token_with_an_access_token_of_its_own() {
    let deployment = spawn().await;
    let client = with_cookie(&deployment.gateway.client).with_token("an.old.one");
    let answer = client.post(LOGOUT, &json!({})).await.expect(204);
    assert_eq!(cookies(&answer), CLEARED);
    let expected = [("refresh", "first"), ("logout", "second")]
        .map(|(at, token)| (format!("/api/v1/auth/{at}"), json!({"refresh_token": token})));
    assert_eq!(sent(&deployment).await, expected);
    let requests = deployment.auth.received_requests().await.unwrap();
    let authorization = requests[1].headers.get_all("authorization").iter().collect::<Vec<_>>();
    assert_eq!(authorization, ["Bearer a.b.c"]);
}

#[tokio::test]
async fn an_auth_service_that_is_down_keeps_the_cookie() {
    let gateway = spawn_configured(&unreachable_url(), with_ui);
    for path in ALL {
        let answer = with_cookie(&gateway.client).post(path, &json!({})).await.expect(503);
        assert_eq!(
            (answer.code().as_str(), answer.header("retry-after")),
            ("service_unavailable", "1"),
            "{path}"
        );
        assert!(cookies(&answer).is_empty(), "{path}");
    }
    // Half way through, the cookie has the token that counts.
    let deployment = spawn().await;
    deployment.auth.reset().await;
    answering(&deployment.auth, "refresh", ResponseTemplate::new(200).set_body_json(issued("second"))).await;
    answering(&deployment.auth, "logout", ResponseTemplate::new(503)).await;
    let answer = with_cookie(&deployment.gateway.client).post(LOGOUT, &json!({})).await.expect(503);
    assert_eq!(cookies(&answer), ["banyan=second; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict"]);
}

#[tokio::test]
async fn a_response_without_tokens_is_a_503_that_passes_nothing_on() {
    let deployment = spawn().await;
    deployment.auth.reset().await;
    let long = format!("{}{}", issued("first"), " ".repeat(100_000));
    for body in ["fine".to_owned(), json!({"refresh_token": "first"}).to_string(), long] {
        deployment.auth.reset().await;
        answering(&deployment.auth, "login", ResponseTemplate::new(200).set_body_string(body)).await;
        let answer = page(&deployment.gateway.client).post(LOGIN, &json!({})).await.expect(503);
        assert!(cookies(&answer).is_empty() && !answer.text.contains("first"), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_cookie_never_reaches_a_service_and_no_service_sets_one() {
    let deployment = spawn().await;
    let set = ResponseTemplate::new(200).insert_header("set-cookie", "banyan=evil; Path=/");
    deployment.chat.reset().await;
    Mock::given(path("/api/v1/chats/get-chat")).respond_with(set).mount(&deployment.chat).await;
    let user = deployment.gateway.user().with_header("cookie", "banyan=first; other=1");
    let answer = user.get("/api/v1/chats/get-chat").await.expect(200);
    assert!(cookies(&answer).is_empty());
    assert!(!only_request(&deployment.chat).await.headers.contains_key("cookie"));
}
