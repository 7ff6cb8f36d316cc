//! `POST /auth/token`

use crate::app::{PASSWORD, TestApp, password_grant, refresh_token, spawn_app, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared_test_kit::Answer;
use std::time::Duration;

async fn app_with_ann() -> TestApp {
    let app = spawn_app().await;
    app.register(&json!({"username": "ann", "password": PASSWORD})).await.expect(201);
    app
}

/// The `error` of an answer in the shape of RFC 6749, 5.2.
#[track_caller]
fn error(answer: &Answer) -> String {
    let body = answer.json();
    let description = text(&body["error_description"]);
    let is_allowed = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    assert!(!description.is_empty() && description.chars().all(is_allowed), "{description}");
    assert_eq!((&body["detail"], answer.header("www-authenticate")), (&body["error_description"], ""));
    uncached(answer);
    text(&body["error"]).to_owned()
}

#[track_caller]
fn uncached(answer: &Answer) {
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
}

#[tokio::test]
async fn a_password_grant_gets_the_tokens_of_a_login() {
    let app = spawn_app().await;
    let body = json!({"username": "ann+x@example.org", "password": "a b&c=d é"});
    app.register(&body).await.expect(201);
    let form = "grant_type=password&username=Ann%2Bx%40example.org&password=a+b%26c%3Dd+%C3%A9";
    let answer = app.token(form).await.expect(200);
    uncached(&answer);
    let mut tokens = answer.json();
    let login = app.login("ann+x@example.org", "a b&c=d é").await.expect(200).json();
    let members = |tokens: &Value| tokens.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(&tokens), members(&login));
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("bearer"), &json!(3600)));

    let me = app.client.with_token(text(&tokens["access_token"])).get("/api/v1/auth/me").await.expect(200);
    assert_eq!(me.json()["username"], "ann+x@example.org");

    // Both routes continue the same session.
    for _ in 0..2 {
        tokens = app.refresh(text(&tokens["refresh_token"])).await.expect(200).json();
        tokens = app.refresh_grant(text(&tokens["refresh_token"])).await.expect(200).json();
    }
}

#[tokio::test]
async fn a_refresh_token_is_rotated_and_its_reuse_revokes_the_family_after_the_grace() {
    let app = spawn_app().await;
    let session = app.session("ann").await;
    let answer = app.refresh_grant(&session.refresh_token).await.expect(200);
    uncached(&answer);
    let child = refresh_token(&answer);
    let sibling = refresh_token(&app.refresh_grant(&session.refresh_token).await.expect(200));
    assert!(child != sibling && child != session.refresh_token);

    app.clock.advance(Duration::from_secs(10));
    for token in [&session.refresh_token, &child, &sibling] {
        let refused = app.refresh_grant(token).await.expect(400);
        assert_eq!(
            (error(&refused), refused.code()),
            ("invalid_grant".to_owned(), "invalid_token".to_owned())
        );
    }
    app.refresh(&child).await.expect(401);
    app.refresh_grant(&"x".repeat(60_000)).await.expect(400);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_look_the_same() {
    let app = app_with_ann().await;
    for (name, password) in [("ann", "wrong horse"), ("bob", PASSWORD), ("a b", "x")] {
        let refused = app.token(&password_grant(name, password)).await.expect(400);
        assert_eq!(error(&refused), "invalid_grant");
        let body = refused.json();
        assert_eq!(
            (&body["code"], &body["detail"]),
            (&json!("invalid_credentials"), &json!("Invalid credentials"))
        );
    }
}

#[tokio::test]
async fn client_credentials_and_unknown_parameters_are_ignored() {
    let app = app_with_ann().await;
    let grant = password_grant("ann", PASSWORD);
    for more in [
        "client_id=app&client_secret=s%26%C3%A9cret",
        "client_id=&client_secret=&scope=",
        "client_secret=%ff&client_id=%00",
        "scope=openid+profile",
        "resource=a&resource=b&audience=c",
    ] {
        let tokens = app.token(&format!("{grant}&{more}")).await.expect(200).json();
        assert!(tokens.get("scope").is_none());
        let refresh =
            format!("{more}&grant_type=refresh_token&refresh_token={}", text(&tokens["refresh_token"]));
        app.token(&refresh).await.expect(200);
    }
    for authorization in ["Basic YXBwOnNlY3JldA==", "Basic Og==", "Basic ???", "Bearer made.up.one"] {
        let client = app.client.with_header("authorization", authorization);
        app.token_by(&client, &grant).await.expect(200);
        app.token_by(&client, &password_grant("ann", "wrong")).await.expect(400);
    }
}

#[tokio::test]
async fn an_invalid_form_is_a_400_with_invalid_request() {
    let app = app_with_ann().await;
    let long = format!("grant_type=password&username=ann&password={}", "x".repeat(73));
    for (form, description) in [
        ("", "grant_type: Field required"),
        ("grant_type=", "grant_type: Field required"),
        ("username=ann&password=x", "grant_type: Field required"),
        ("grant_type=password&username=ann", "password: Field required"),
        ("grant_type=password&username=ann&password=", "password: Field required"),
        ("grant_type=password&password=x", "username: Field required"),
        ("grant_type=refresh_token", "refresh_token: Field required"),
        ("grant_type=password&username=ann&password=%ff", "password: Input should be valid UTF-8"),
        (&long, "password: String should have at most 72 bytes"),
        ("{\"grant_type\": \"password\"}", "grant_type: Field required"),
    ] {
        let answer = app.token(form).await.expect(400);
        assert_eq!(
            (error(&answer), answer.code()),
            ("invalid_request".to_owned(), "validation_error".to_owned())
        );
        assert_eq!(answer.json()["error_description"], description, "{form}");
    }
    for other in ["client_credentials", "authorization_code", "Password", "urn%3Aietf%3Aparams", "password+"]
    {
        let answer = app.token(&format!("grant_type={other}&username=ann&password=x")).await.expect(400);
        let expected = "unsupported_grant_type".to_owned();
        assert_eq!((error(&answer), answer.code()), (expected.clone(), expected), "{other}");
    }
}

#[tokio::test]
async fn no_parameter_may_come_twice() {
    let app = app_with_ann().await;
    let whole = format!("{}&client_id=a&client_secret=b&scope=c", password_grant("ann", PASSWORD));
    app.token(&whole).await.expect(200);
    for pair in whole.split('&') {
        let name = pair.split_once('=').unwrap().0;
        for again in [pair, name] {
            let answer = app.token(&format!("{whole}&{again}")).await.expect(400);
            assert_eq!(error(&answer), "invalid_request");
            assert!(text(&answer.json()["detail"]).starts_with(&format!("{name}: ")), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn only_forms_are_accepted_at_the_token_endpoint() {
    let app = app_with_ann().await;
    let grant = password_grant("ann", PASSWORD);
    let json = json!({"grant_type": "password", "username": "ann", "password": PASSWORD}).to_string();
    let ask = async |media_type: &str, body: &str| {
        let client = app.client.with_header("content-type", media_type);
        client.send(Method::POST, "/api/v1/auth/token", Some(body.to_owned())).await
    };
    for media_type in ["application/json", "text/plain", "multipart/form-data; boundary=x", "form"] {
        for body in [&grant, &json] {
            let answer = ask(media_type, body).await.expect(400);
            assert_eq!(error(&answer), "invalid_request", "{media_type}");
            assert_eq!(answer.code(), "unsupported_media_type");
        }
    }
    for media_type in
        ["", "application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded ; charset=UTF-8"]
    {
        ask(media_type, &grant).await.expect(200);
    }
    // The query, which logs hold, is ignored (RFC 6749, 2.3.1).
    let path = format!("/api/v1/auth/token?{grant}");

    assert_eq!(error(&app.client.send(Method::POST, &path, None).await.expect(400)), "invalid_request");
}

#[tokio::test]
async fn every_error_of_the_token_endpoint_has_the_shape_of_rfc_6749() {
    let app = app_with_ann().await;
    let answer = app.client.get("/api/v1/auth/token").await.expect(405);
    assert_eq!((error(&answer).as_str(), answer.header("allow")), ("invalid_request", "POST"));
    let answer = app.token(&"x".repeat(shared_web::body_limits::MAX_AUTH_BODY_BYTES + 1)).await.expect(413);
    assert_eq!((error(&answer).as_str(), answer.code().as_str()), ("invalid_request", "payload_too_large"));
    app.token(&"x".repeat(shared_web::body_limits::MAX_AUTH_BODY_BYTES)).await.expect(400);
    app.client.post("/api/v1/auth/token/", &json!({})).await.expect(400);

    let client = app.client.with_header("accept", "application/problem+json");
    let answer = app.token_by(&client, &password_grant("ann", "wrong")).await.expect(400);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!((&problem["status"], &problem["error"]), (&json!(400), &json!("invalid_grant")));
    assert_eq!((&problem["title"], &problem["code"]), (&json!("Bad Request"), &json!("invalid_credentials")));
}
