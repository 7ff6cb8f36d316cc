//! `Idempotency-Key` on the routes that create.

use crate::app::{CHATS, DAY, TestApp, User, spawn_app, text};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use shared_test_kit::Answer;
use std::time::Duration;

/// A kind of object, and how it is created.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Chat,
    ChatFork,
    Conversation,
}

struct Setting {
    app: TestApp,
    ann: User,
    chat: String,
    kind: Kind,
}

impl Setting {
    async fn new(kind: Kind) -> Self {
        let app = spawn_app().await;
        let ann = app.user();
        let chat = ann.chat("parent").await;
        Self { app, ann, chat, kind }
    }

    async fn create(&self, key: &str, name: &str) -> Answer {
        let user = self.ann.with_key(key);
        match self.kind {
            Kind::Chat => user.create_chat(&json!({"name": name})).await,
            Kind::ChatFork => user.fork_chat(&json!({"chat_id": self.chat, "name": name})).await,
            Kind::Conversation => {
                user.create_conversation(&json!({"chat_id": self.chat, "name": name})).await
            }
        }
    }

    fn id(&self, answer: &Answer) -> String {
        let name = if self.kind == Kind::Conversation { "id" } else { "chat_id" };
        text(&answer.json()[name]).to_owned()
    }

    async fn delete(&self, id: &str) {
        match self.kind {
            Kind::Chat | Kind::ChatFork => self.ann.delete_chat(id).await.expect(200),
            Kind::Conversation => self.ann.delete_conversation(id).await.expect(200),
        };
    }

    /// The number of objects, without the parent.
    async fn count(&self) -> usize {
        match self.kind {
            Kind::Chat | Kind::ChatFork => self.ann.get_chats("").await.json().as_array().unwrap().len() - 1,
            Kind::Conversation => {
                let list = self.ann.get_conversations(&format!("?chat_id={}", self.chat)).await;
                list.json().as_array().unwrap().len()
            }
        }
    }

    fn not_found(&self) -> &str {
        if self.kind == Kind::Conversation { "conversation_not_found" } else { "chat_not_found" }
    }
}

async fn creates_once(kind: Kind) {
    let setting = Setting::new(kind).await;
    let first = setting.create("k", "x").await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    let second = setting.create("k", "x").await.expect(201);
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(second.json(), first.json());
    let other = setting.create("other", "x").await.expect(201);
    assert_ne!(setting.id(&other), setting.id(&first));
    assert_eq!(setting.count().await, 2);
}

#[tokio::test]
async fn the_same_key_creates_a_chat_once() {
    creates_once(Kind::Chat).await;
}

#[tokio::test]
async fn the_same_key_creates_a_record_once() {
    creates_once(Kind::Conversation).await;
}

#[tokio::test]
async fn the_same_key_forks_a_chat_once() {
    creates_once(Kind::ChatFork).await;
}

async fn one_of_many_concurrent_creations_succeeds(kind: Kind) {
    let setting = Setting::new(kind).await;
    let answers = join_all((0..32).map(|_| setting.create("k", "x"))).await;
    let answers: Vec<_> = answers.into_iter().map(|answer| answer.expect(201)).collect();
    let replayed = answers.iter().filter(|answer| answer.header("idempotency-replayed") == "true").count();
    assert_eq!(replayed, 31);
    assert!(answers.iter().all(|answer| answer.json() == answers[0].json()));
    assert_eq!(setting.count().await, 1);
}

#[tokio::test]
async fn one_of_many_concurrent_creations_of_a_chat_succeeds() {
    one_of_many_concurrent_creations_succeeds(Kind::Chat).await;
}

#[tokio::test]
async fn one_of_many_concurrent_creations_of_a_record_succeeds() {
    one_of_many_concurrent_creations_succeeds(Kind::Conversation).await;
}

#[tokio::test]
async fn one_of_many_concurrent_forks_succeeds() {
    one_of_many_concurrent_creations_succeeds(Kind::ChatFork).await;
}

async fn a_key_with_another_body_is_refused(kind: Kind) {
    let setting = Setting::new(kind).await;
    setting.create("k", "x").await.expect(201);
    let answer = setting.create("k", "y").await.expect(422);
    assert_eq!(answer.code(), "idempotency_key_reused");
    assert!(answer.json()["detail"].is_array());
    assert_eq!(setting.count().await, 1);
}

#[tokio::test]
async fn a_key_with_another_chat_is_refused() {
    a_key_with_another_body_is_refused(Kind::Chat).await;
}

#[tokio::test]
async fn a_key_with_another_record_is_refused() {
    a_key_with_another_body_is_refused(Kind::Conversation).await;
}

#[tokio::test]
async fn a_key_with_another_fork_is_refused() {
    a_key_with_another_body_is_refused(Kind::ChatFork).await;
}

async fn the_key_of_a_deleted_object_is_a_404_for_a_day(kind: Kind) {
    let setting = Setting::new(kind).await;
    let first = setting.create("k", "x").await.expect(201);
    setting.delete(&setting.id(&first)).await;
    for wait in [Duration::ZERO, DAY.saturating_sub(Duration::from_secs(1))] {
        setting.app.clock.advance(wait);
        assert_eq!(setting.create("k", "x").await.expect(404).code(), setting.not_found());
        assert_eq!(setting.create("k", "y").await.expect(422).code(), "idempotency_key_reused");
    }
    setting.app.clock.advance(Duration::from_secs(1));
    let again = setting.create("k", "y").await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), "");
    assert_ne!(setting.id(&again), setting.id(&first));
    assert_eq!(setting.create("k", "y").await.expect(201).header("idempotency-replayed"), "true");
    assert_eq!(setting.create("k", "x").await.expect(422).code(), "idempotency_key_reused");
}

#[tokio::test]
async fn the_key_of_a_deleted_chat_is_free_after_a_day() {
    the_key_of_a_deleted_object_is_a_404_for_a_day(Kind::Chat).await;
}

#[tokio::test]
async fn the_key_of_a_deleted_record_is_free_after_a_day() {
    the_key_of_a_deleted_object_is_a_404_for_a_day(Kind::Conversation).await;
}

#[tokio::test]
async fn the_key_of_a_deleted_fork_is_free_after_a_day() {
    the_key_of_a_deleted_object_is_a_404_for_a_day(Kind::ChatFork).await;
}

#[tokio::test]
async fn a_replay_returns_the_created_object_in_its_current_state() {
    let app = spawn_app().await;
    let ann = app.user();
    let keyed = ann.with_key("k");
    let chat = keyed.create_chat(&json!({"name": "x"})).await.expect(201).json();
    let id = text(&chat["chat_id"]);
    app.clock.advance(Duration::from_secs(1));

    let updated = ann.update_chat(id, &json!({"name": "y", "active": false})).await.expect(200).json();

    assert_eq!(keyed.create_chat(&json!({"name": "x"})).await.expect(201).json(), updated);
}

#[tokio::test]
async fn a_body_of_other_bytes_is_another_request() {
    let app = spawn_app().await;
    let ann = app.user().with_key("k");
    let path = format!("{CHATS}/create-chat");
    ann.send(Method::POST, &path, r#"{"name":"x"}"#).await.expect(201);

    ann.send(Method::POST, &path, r#"{"name": "x"}"#).await.expect(422);
}

#[tokio::test]
async fn a_key_belongs_to_one_user_and_one_route() {
    let app = spawn_app().await;
    let (ann, bob) = (app.user().with_key("k"), app.user().with_key("k"));
    let chat = ann.create_chat(&json!({"name": "x"})).await.expect(201).json();
    let other = bob.create_chat(&json!({"name": "y"})).await.expect(201).json();
    assert_ne!(chat["chat_id"], other["chat_id"]);

    let answer = ann.create_conversation(&json!({"chat_id": chat["chat_id"]})).await.expect(201);
    assert_eq!(answer.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn a_key_has_1_to_255_characters() {
    let app = spawn_app().await;
    let ann = app.user();
    for (key, error) in [("", "string_too_short"), (&*"x".repeat(256), "string_too_long")] {
        let answer = ann.with_key(key).create_chat(&json!({"name": "x"})).await.expect(422);
        assert_eq!(answer.field_errors(), [format!("{error} header.Idempotency-Key")]);
    }
    for key in ["x".repeat(255), "é".repeat(255)] {
        ann.with_key(&key).create_chat(&json!({"name": "x"})).await.expect(201);
    }
}

#[tokio::test]
async fn a_failed_request_leaves_its_key_free() {
    let app = spawn_app().await;
    let ann = app.user();
    let keyed = ann.with_key("k");
    keyed.create_chat(&json!({"name": ""})).await.expect(422);
    let chat = text(&keyed.create_chat(&json!({"name": "x"})).await.expect(201).json()["chat_id"]).to_owned();

    let record = json!({"chat_id": chat});
    app.branch_responds_with(503, &json!({})).await;
    keyed.create_conversation(&record).await.expect(503);
    app.branch_recovers().await;
    let answer = keyed.create_conversation(&json!({"chat_id": chat, "name": "another"})).await.expect(201);
    assert_eq!(answer.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn a_replay_calls_no_service_and_comes_before_other_checks() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("x").await;
    app.name_user(&ann, "ann").await;
    let record = json!({"chat_id": chat, "account_id": "ann"});
    let keyed = ann.with_key("k");
    let made = keyed.create_conversation(&record).await.expect(201).json();
    app.branch_responds_with(503, &json!({})).await;
    app.auth.reset().await;
    assert_eq!(keyed.create_conversation(&record).await.expect(201).json(), made);

    let answer = keyed.create_conversation(&json!({"chat_id": chat, "account_id": "bob"})).await.expect(422);
    assert_eq!(answer.code(), "idempotency_key_reused");
}

#[tokio::test]
async fn the_key_of_a_record_whose_chat_was_deleted_answers_404() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("x").await;
    let keyed = ann.with_key("k");
    keyed.create_conversation(&json!({"chat_id": chat})).await.expect(201);
    ann.delete_chat(&chat).await.expect(200);

    let answer = keyed.create_conversation(&json!({"chat_id": chat})).await.expect(404);

    assert_eq!(answer.code(), "conversation_not_found");
}

#[tokio::test]
async fn a_key_is_ignored_on_other_routes() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("x").await;
    let keyed = ann.with_key("k");
    for name in ["y", "z"] {
        let answer = keyed.update_chat(&chat, &json!({"name": name})).await.expect(200);
        assert_eq!(answer.json()["name"], name);
        assert_eq!(answer.header("idempotency-replayed"), "");
    }
    keyed.delete_chat(&chat).await.expect(200);

    keyed.delete_chat(&chat).await.expect(404);
}
