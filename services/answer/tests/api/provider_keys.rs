//! Users' own keys for providers.

use crate::app::{OWNER, TestApp, User, chat, eventually, spawn_app_with, text};
use crate::database::{delete_behind, rows_of};
use crate::fake_provider::{DEPLOYMENT_KEY, FakeProvider, REFUSED};
use answer::config::UserKeysConfig;
use answer::startup;
use answer::store::find_provider_key;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use shared::ids::parse_uuid;
use shared::service::Service;
use shared_test_kit::{Answer, Running, SECRET_KEY, Samples, TestClient, shown_metrics};
use shared_web::metrics::Metrics;
use std::time::Duration;

const KEY: &str = "sk-0123456789abcdef9f2a";
const PROVIDERS: &str = "/api/v1/providers";

impl User {
    async fn set_key(&self, key: &str) -> Answer {
        self.client.put(&format!("{PROVIDERS}/set-key/fig"), &json!({"api_key": key})).await
    }

    async fn delete_key(&self) -> Answer {
        self.client.delete(&format!("{PROVIDERS}/set-key/fig")).await
    }

    async fn providers(&self) -> Value {
        self.client.get(&format!("{PROVIDERS}/get-providers")).await.expect(200).json()
    }

    /// Asks a model, and waits for its answer.
    async fn answer_of(&self, model: &str) -> Value {
        let body = json!({"chat_id": chat(), "question": "x", "model": model});
        let id = self.create(&body).await.expect(201).json()["response_id"].clone();
        self.stored(text(&id)).await
    }
}

async fn spawn(provider: &FakeProvider) -> TestApp {
    spawn_metered(provider, Metrics::off()).await
}

async fn spawn_metered(provider: &FakeProvider, metrics: Metrics) -> TestApp {
    let models = provider.models();
    let app = spawn_app_with(|config| {
        config.models = models;
        config.user_keys.is_on = true;
        config.server.metrics = metrics;
        // Only the replica that is asked answers, not one that is about to stop.
        config.timing.queue_grace = Duration::from_secs(3600);
    });
    app.await
}

/// The service is replaced by one with other secrets.
async fn restart(app: &mut TestApp, user_keys: UserKeysConfig) {
    app.config.user_keys = user_keys;
    app.service = Running::start(startup::build(app.config.clone()).await.unwrap());
}

#[tokio::test]
async fn without_user_keys_there_are_no_such_routes() {
    let provider = FakeProvider::start().await;
    let mut app = spawn(&provider).await;
    app.user().set_key(KEY).await.expect(200);

    restart(&mut app, UserKeysConfig::default()).await;

    let ann = app.user();
    let unknown = ann.client.get(&format!("{PROVIDERS}/unknown")).await.expect(404);
    for (method, path) in [
        (Method::GET, "get-providers"),
        (Method::PUT, "set-key/fig"),
        (Method::DELETE, "set-key/fig"),
        (Method::POST, "set-key/fig"),
    ] {
        let refused = ann.client.send(method, &format!("{PROVIDERS}/{path}"), None).await.expect(404);
        assert_eq!((refused.code(), refused.code().as_str()), (unknown.code(), "not_found"));
    }
    let document = TestClient::new(app.service.url()).get("/openapi.json").await.expect(200);
    assert!(!document.text.contains("providers"));
    ann.answer_of("fig-1").await;
    assert_eq!(provider.keys().await, [DEPLOYMENT_KEY], "what was stored is not used");
}

#[tokio::test]
async fn with_user_keys_the_routes_are_described_and_need_a_token() {
    let provider = FakeProvider::start().await;
    let app = spawn(&provider).await;
    let anyone = TestClient::new(app.service.url());
    let document = anyone.get("/openapi.json").await.expect(200).json();
    let paths = document["paths"].as_object().unwrap();
    let providers = paths.iter().filter(|(path, _)| path.starts_with(PROVIDERS));
    let methods = |item: &Value| item.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let routes: Vec<_> = providers.map(|(path, item)| (path.as_str(), methods(item))).collect();
    let expected = [
        ("/api/v1/providers/get-providers", vec!["get".to_owned()]),
        ("/api/v1/providers/set-key/{provider}", vec!["delete".to_owned(), "put".to_owned()]),
    ];
    assert_eq!(routes, expected);
    for (method, path) in
        [(Method::GET, "get-providers"), (Method::PUT, "set-key/fig"), (Method::DELETE, "set-key/fig")]
    {
        anyone.send(method, &format!("{PROVIDERS}/{path}"), None).await.expect(401);
    }
}

#[tokio::test]
async fn a_key_is_listed_without_being_shown_and_can_be_replaced_and_deleted() {
    let provider = FakeProvider::start().await;
    let app = spawn(&provider).await;
    let ann = app.user();
    let without = json!({"provider": "fig", "has_key": false, "key_hint": null});
    assert_eq!(ann.providers().await, json!([without]));

    let set = ann.set_key(KEY).await.expect(200);

    assert_eq!(set.json(), json!({"provider": "fig", "has_key": true, "key_hint": "...9f2a"}));
    assert_eq!(ann.providers().await, json!([set.json()]));
    let short = ann.set_key("short").await.expect(200).json();
    assert_eq!(short, json!({"provider": "fig", "has_key": true, "key_hint": null}));
    assert_eq!((ann.providers().await, rows_of(&app, "provider_keys").await), (json!([short]), 1));
    ann.delete_key().await.expect(200);
    assert_eq!(ann.delete_key().await.expect(404).code(), "provider_key_not_found");
    assert_eq!(ann.providers().await, json!([without]));
}

#[tokio::test]
async fn a_key_for_no_provider_and_one_that_no_header_may_have_are_refused_without_an_echo() {
    let provider = FakeProvider::start().await;
    let app = spawn(&provider).await;
    let ann = app.user();
    let body = json!({"api_key": KEY});
    let unknown = ann.client.put(&format!("{PROVIDERS}/set-key/plum"), &body).await.expect(404);
    assert_eq!(unknown.code(), "provider_not_found");
    for wrong in ["", "a secret", "secret\r\nX-Header: 1", "sécret", &"secret".repeat(100)] {
        let refused = ann.set_key(wrong).await.expect(422);
        assert_eq!(refused.field_errors().len(), 1);
        assert!(!refused.text.contains("secret"), "{}", refused.text);
    }
    assert_eq!(rows_of(&app, "provider_keys").await, 0);
}

#[tokio::test]
async fn a_model_is_asked_with_the_key_of_the_user_for_its_provider_or_with_that_of_the_deployment() {
    let provider = FakeProvider::start().await;
    let app = spawn(&provider).await;
    let ann = app.user();
    // Another user's changes nothing.
    app.stranger().set_key("sk-of-a-stranger").await.expect(200);
    ann.answer_of("fig-1").await;
    ann.set_key(KEY).await.expect(200);
    for model in ["fig-1", "fig-2", "plum-1"] {
        assert_eq!(ann.answer_of(model).await["text"], "fine");
    }
    ann.set_key("sk-another").await.expect(200);
    ann.answer_of("fig-1").await;
    ann.delete_key().await.expect(200);
    ann.answer_of("fig-1").await;
    let expected = [DEPLOYMENT_KEY, KEY, KEY, DEPLOYMENT_KEY, "sk-another", DEPLOYMENT_KEY];
    assert_eq!(provider.keys().await, expected);
}

#[tokio::test]
async fn a_foreign_key_is_neither_seen_nor_deleted() {
    let provider = FakeProvider::start().await;
    let app = spawn(&provider).await;
    let (ann, eve) = (app.user(), app.stranger());
    ann.set_key(KEY).await.expect(200);
    assert_eq!(eve.providers().await[0], json!({"provider": "fig", "has_key": false, "key_hint": null}));
    eve.delete_key().await.expect(404);
    eve.set_key("sk-of-eve").await.expect(200);
    eve.delete_key().await.expect(200);
    assert_eq!(ann.providers().await[0]["has_key"], true);
}

#[tokio::test]
async fn a_key_that_the_provider_refuses_fails_the_answer_and_is_shown_nowhere() {
    let (provider, metrics) = (FakeProvider::start().await, shown_metrics());
    let app = spawn_metered(&provider, metrics.clone()).await;
    let ann = app.user();
    let key = format!("{REFUSED}-0123456789");
    ann.set_key(&key).await.expect(200);
    let answer = ann.answer_of("fig-1").await;
    assert_eq!((&answer["status"], &answer["error"]["code"]), (&json!("failed"), &json!("provider_auth")));
    assert_eq!(provider.keys().await, [key]);
    let stream = ann.stream(text(&answer["response_id"]), None).await.expect(200).text;
    assert!(!answer.to_string().contains(REFUSED) && !stream.contains(REFUSED));
    // It is the user's own, and nothing for the operator to mend.
    let samples = Samples::of(&metrics).await;
    assert_eq!(samples.sum("answer_provider_errors_total", &["code=\"provider_auth\""]), Some(0.0));
}

#[tokio::test]
async fn keys_go_with_the_account_and_a_late_one_is_not_stored() {
    let provider = FakeProvider::start().await;
    let app = spawn(&provider).await;
    let ann = app.user();
    ann.set_key(KEY).await.expect(200);
    app.stranger().set_key(KEY).await.expect(200);
    let account = format!("/internal/accounts/{OWNER}");

    for _ in 0..2 {
        app.service(Service::Auth).delete(&account).await.expect(200);
    }

    assert_eq!(rows_of(&app, "provider_keys").await, 1, "another's stays");
    assert_eq!(ann.set_key(KEY).await.expect(401).code(), "invalid_token");
    assert_eq!(rows_of(&app, "provider_keys").await, 1);
}

#[tokio::test]
async fn a_key_that_was_stored_while_its_account_was_deleted_is_swept() {
    let provider = FakeProvider::start().await;
    let app = spawn(&provider).await;
    app.user().set_key(KEY).await.expect(200);
    app.stranger().set_key(KEY).await.expect(200);
    delete_behind(&app, OWNER).await;
    assert_eq!(rows_of(&app, "provider_keys").await, 1);
    assert_eq!(rows_of(&app, "deleted_accounts").await, 0, "no token of it counts any more");
}

/// The encryption key under which the owner's key is.
async fn encryption_key(app: &TestApp) -> String {
    let owner = parse_uuid(OWNER).unwrap().into();
    let row = find_provider_key(&app.store().await, owner, "fig".to_owned()).await.unwrap();
    row.unwrap().encryption_key_id
}

fn secrets(secret: &str, previous: Option<&str>) -> UserKeysConfig {
    UserKeysConfig {
        is_on: true,
        secret: Some(SecretString::from(secret)),
        previous_secret: previous.map(SecretString::from),
    }
}

#[tokio::test]
async fn a_secret_is_rotated_without_a_key_being_lost() {
    let provider = FakeProvider::start().await;
    let mut app = spawn(&provider).await;
    app.user().set_key(KEY).await.expect(200);
    let before = encryption_key(&app).await;

    // That of before was SECRET_KEY, the default.
    restart(&mut app, secrets("the second", Some(SECRET_KEY))).await;

    app.user().answer_of("fig-1").await;
    eventually("it is encrypted anew", async || encryption_key(&app).await != before).await;
    assert_eq!(app.user().providers().await[0]["key_hint"], "...9f2a");
    restart(&mut app, secrets("the second", None)).await;
    app.user().answer_of("fig-1").await;
    assert_eq!(provider.keys().await, [KEY, KEY]);
}

#[tokio::test]
async fn a_key_whose_secret_is_lost_is_not_replaced_by_that_of_the_deployment() {
    let provider = FakeProvider::start().await;
    let mut app = spawn(&provider).await;
    app.user().set_key(KEY).await.expect(200);

    restart(&mut app, secrets("another", None)).await;

    let ann = app.user();
    let answer = ann.answer_of("fig-1").await;
    assert_eq!((&answer["status"], &answer["error"]["code"]), (&json!("failed"), &json!("provider_auth")));
    assert!(provider.keys().await.is_empty());
    ann.set_key("sk-anew").await.expect(200);
    ann.answer_of("fig-1").await;
    assert_eq!(provider.keys().await, ["sk-anew"]);
}
