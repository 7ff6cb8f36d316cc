//! `POST /auth/register`

use crate::app::{PASSWORD, spawn_app, spawn_app_with, text};
use auth::domain::{PasswordPolicy, RegistrationPolicy};
use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn the_response_to_a_registration_has_no_secrets() {
    let app = spawn_app().await;
    let answer =
        app.register(&json!({"username": "Ann", "password": PASSWORD, "admin": true})).await.expect(201);
    let user = answer.json();
    assert_eq!(user.as_object().unwrap().keys().collect::<Vec<_>>(), ["created_at", "user_id", "username"]);
    assert_eq!(user["username"], "Ann");
    assert_eq!(Uuid::parse_str(text(&user["user_id"])).unwrap().get_version_num(), 7);

    let created_at = text(&user["created_at"]);
    assert!(created_at.len() == 27 && created_at.ends_with('Z'), "{created_at}");
}

#[tokio::test]
async fn closed_registration_refuses_new_users_and_lets_others_log_in() {
    let mut app = spawn_app().await;
    app.session("ann").await;
    app.restart_with(|config| config.registration = RegistrationPolicy::Closed).await;
    for name in ["bob", "ann"] {
        let answer = app.register(&json!({"username": name, "password": PASSWORD})).await.expect(403);
        assert_eq!(answer.code(), "registration_closed");
    }

    app.register(&json!({"username": "bob"})).await.expect(422);
    app.login("bob", PASSWORD).await.expect(401);
    app.login("ann", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_name_is_taken_in_every_case() {
    let app = spawn_app().await;
    app.register(&json!({"username": "Jürgen", "password": PASSWORD})).await.expect(201);
    let answer = app.register(&json!({"username": "JÜRGEN", "password": PASSWORD})).await.expect(409);
    assert_eq!(answer.code(), "username_taken");
}

#[tokio::test]
async fn one_of_many_concurrent_registrations_of_a_name_succeeds() {
    let app = spawn_app().await;
    let body = json!({"username": "ann", "password": PASSWORD});
    let answers = join_all((0..8).map(|_| app.register(&body))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();

    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn all_invalid_fields_are_reported_at_once_and_no_value_is_echoed() {
    let app = spawn_app().await;
    let cases = [
        (json!({}), vec!["missing body.username", "missing body.password"]),
        (
            json!({"username": 7, "password": null}),
            vec!["string_type body.username", "string_type body.password"],
        ),
        (
            json!({"username": "ab", "password": "1234567"}),
            vec!["string_too_short body.username", "string_too_short body.password"],
        ),
        (
            json!({"username": "x".repeat(65), "password": "secret".repeat(13)}),
            vec!["string_too_long body.username", "string_too_long body.password"],
        ),
        (json!({"username": "a b", "password": PASSWORD}), vec!["string_pattern_mismatch body.username"]),
        (json!({"username": "ann", "password": "12345678\u{0}"}), vec!["value_error body.password"]),
        (json!([]), vec!["model_attributes_type body"]),
    ];
    for (body, errors) in cases {
        let answer = app.register(&body).await.expect(422);
        assert_eq!(answer.field_errors(), errors, "{body}");
        assert!(!answer.text.contains("secret"), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_password_may_have_72_bytes_of_any_script() {
    let app = spawn_app().await;
    let password = "🌳".repeat(18);
    app.register(&json!({"username": "ann", "password": password})).await.expect(201);
    app.login("ann", &password).await.expect(200);
    let longer = format!("{password}x");

    app.register(&json!({"username": "bob", "password": longer})).await.expect(422);
    app.login("ann", &longer).await.expect(422);
}

#[tokio::test]
async fn the_minimum_length_is_configurable() {
    let app = spawn_app_with(|config| config.passwords.policy = PasswordPolicy::new(12).unwrap()).await;
    let answer = app.register(&json!({"username": "ann", "password": "12345678901"})).await.expect(422);
    assert_eq!(answer.field_errors(), ["string_too_short body.password"]);
    app.register(&json!({"username": "ann", "password": "123456789012"})).await.expect(201);
}

#[tokio::test]
async fn the_document_has_the_configured_minimum_length() {
    for least in [8, 12, 40] {
        let app =
            spawn_app_with(|config| config.passwords.policy = PasswordPolicy::new(least).unwrap()).await;
        let document = app.client.get("/openapi.json").await.expect(200).json();
        let schemas = &document["components"]["schemas"];
        let new = &schemas["NewPassword"];
        assert_eq!((&new["minLength"], &new["maxLength"]), (&json!(least), &json!(72)));
        for example in new["examples"].as_array().into_iter().flatten() {
            assert!(text(example).len() >= least, "{example}");
        }
        for (body, field) in [("Registration", "password"), ("PasswordChange", "new_password")] {
            assert_eq!(schemas[body]["properties"][field]["$ref"], "#/components/schemas/NewPassword");
        }
    }
}
