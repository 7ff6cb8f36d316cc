//! `PUT /internal/activity`

use crate::app::{TestApp, spawn_app, text};
use crate::database::StoredActivity;
use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, parse_uuid};
use shared::service::Service;
use shared_test_kit::{Answer, token_keys};
use std::time::Duration;

const PATH: &str = "/internal/activity";

/// A time, in seconds since 1970.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000 + 1).unwrap()
}

/// What was read of a chat at this version: an active branch of that number, and as many messages.
fn report(chat: &str, version: i64, said_at: Option<i64>, changed_at: i64) -> Value {
    json!({
        "chat_id": chat, "version": version, "active_branch_id": branch(version), "message_count": version,
        "last_message_at": said_at.map(at), "changed_at": at(changed_at),
    })
}

fn branch(number: i64) -> BranchId {
    BranchId::from(parse_uuid(&format!("{number:032}")).unwrap())
}

fn stored(version: i64, said_at: Option<i64>, changed_at: i64) -> StoredActivity {
    (Some(branch(version)), version, said_at.map(at), Some(at(changed_at)))
}

impl TestApp {
    /// Reports that a message was stored in a chat.
    pub async fn report_message(&self, chat: &str, at: Timestamp) {
        let report = json!({
            "chat_id": chat, "version": 1, "active_branch_id": chat, "message_count": 1, "last_message_at": at, "changed_at": at,
        });
        self.report(&[report]).await.expect(200);
    }

    async fn report(&self, chats: &[Value]) -> Answer {
        self.service(Service::Branch).put(PATH, &json!({"chats": chats})).await
    }
}

#[tokio::test]
async fn a_report_is_stored_and_leaves_the_rest_of_the_chat_as_it_is() {
    let app = spawn_app().await;
    let ann = app.user();
    let (one, two, other) = (ann.chat("1").await, ann.chat("2").await, ann.chat("3").await);
    let before = ann.get_chats("").await.json();
    assert_eq!(app.activity(&one).await, (None, 0, None, None));

    let answer = app.report(&[report(&two, 7, None, 70), report(&one, 5, Some(40), 50)]).await.expect(200);

    assert_eq!(answer.json(), json!({"msg": "Activity recorded"}));
    assert_eq!(app.activity(&one).await, stored(5, Some(40), 50));
    assert_eq!(app.activity(&two).await, stored(7, None, 70));
    assert_eq!(app.activity(&other).await, (None, 0, None, None));
    for (before, now) in
        before.as_array().unwrap().iter().zip(ann.get_chats("").await.json().as_array().unwrap())
    {
        assert_eq!((&before["updated_at"], &before["name"]), (&now["updated_at"], &now["name"]));
    }
}

#[tokio::test]
async fn every_answer_shows_what_was_reported() {
    let app = spawn_app().await;
    let ann = app.user();
    let keyed = ann.with_key("k");
    let body = json!({"name": "x"});
    let mut expected = keyed.create_chat(&body).await.expect(201).json();
    let chat = text(&expected["chat_id"]).to_owned();
    assert_eq!(expected["active_branch_id"], chat.as_str());
    let (said_at, changed_at) = (app.clock.now().as_seconds() + 10, app.clock.now().as_seconds() + 20);
    app.report(&[report(&chat, 5, Some(said_at), changed_at)]).await.expect(200);
    expected["active_branch_id"] = json!(branch(5));
    expected["message_count"] = json!(5);
    expected["last_message_at"] = json!(at(said_at));
    expected["changed_at"] = json!(at(changed_at));

    assert_eq!(ann.get_chat(&chat).await.expect(200).json(), expected);
    assert_eq!(ann.get_chats("").await.expect(200).json(), json!([expected]));
    assert_eq!(keyed.create_chat(&body).await.expect(201).json(), expected);
    assert_eq!(ann.update_chat(&chat, &json!({})).await.expect(200).json(), expected);
    // A change of the chat before that of its tree, and one after it.
    app.clock.advance(Duration::from_secs(15));
    expected["updated_at"] = json!(app.clock.now());
    expected["tags"] = json!(["a"]);
    assert_eq!(ann.update_chat(&chat, &json!({"tags": ["a"]})).await.expect(200).json(), expected);
    app.clock.advance(Duration::from_secs(15));
    (expected["updated_at"], expected["changed_at"]) = (json!(app.clock.now()), json!(app.clock.now()));
    assert_eq!(ann.update_chat(&chat, &json!({"tags": ["a"]})).await.expect(200).json(), expected);
}

#[tokio::test]
async fn reports_converge_in_whatever_order_and_however_often_they_come() {
    let app = spawn_app().await;
    let ann = app.user();
    // The third one was read after the deletion of a branch, whose last message was said at 30.
    let reports = |chat: &str| {
        [
            report(chat, 1, None, 10),
            report(chat, 2, Some(30), 30),
            report(chat, 3, Some(20), 40),
            report(chat, 4, Some(20), 35),
        ]
    };
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]] {
        let (singly, together) = (ann.chat("x").await, ann.chat("y").await);
        for index in order.into_iter().chain(order) {
            app.report(&[reports(&singly)[index].clone()]).await.expect(200);
        }
        app.report(&order.map(|index| reports(&together)[index].clone())).await.expect(200);
        assert_eq!(app.activity(&singly).await, stored(4, Some(30), 40), "{order:?}");
        assert_eq!(app.activity(&together).await, stored(4, Some(30), 40), "{order:?}");
    }
    let concurrent = ann.chat("z").await;
    let reports = reports(&concurrent);
    let answers = join_all((0..16).map(|n| app.report(std::slice::from_ref(&reports[n % 4])))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(app.activity(&concurrent).await, stored(4, Some(30), 40));
}

#[tokio::test]
async fn a_report_of_the_same_version_replaces_the_one_before() {
    let app = spawn_app().await;
    let chat = app.user().chat("x").await;
    let mut corrected = report(&chat, 5, Some(40), 50);
    app.report(&[corrected.clone()]).await.expect(200);
    corrected["message_count"] = json!(6);

    app.report(&[corrected]).await.expect(200);

    assert_eq!(app.activity(&chat).await, (Some(branch(5)), 6, Some(at(40)), Some(at(50))));
}

#[tokio::test]
async fn deleted_and_unknown_chats_are_left_out() {
    let app = spawn_app().await;
    let ann = app.user();
    let (chat, deleted) = (ann.chat("x").await, ann.chat("y").await);
    app.report(&[report(&deleted, 1, Some(10), 10)]).await.expect(200);
    ann.delete_chat(&deleted).await.expect(200);
    let unknown = ChatId::generate().to_string();

    let reports =
        [report(&unknown, 2, None, 20), report(&deleted, 2, Some(20), 20), report(&chat, 2, None, 20)];
    app.report(&reports).await.expect(200);
    app.report(&[]).await.expect(200);

    assert_eq!(app.activity(&chat).await, stored(2, None, 20));
    assert_eq!(app.activity(&deleted).await, stored(1, Some(10), 10));
    ann.get_chat(&unknown).await.expect(404);
}

#[tokio::test]
async fn a_request_reports_on_500_chats_at_most() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("x").await;
    let mut reports: Vec<_> =
        (0..499).map(|_| report(&ChatId::generate().to_string(), 1, None, 10)).collect();
    reports.push(report(&chat, 1, Some(10), 10));
    app.report(&reports).await.expect(200);
    assert_eq!(app.activity(&chat).await, stored(1, Some(10), 10));

    reports.push(report(&chat, 2, None, 10));
    assert_eq!(app.report(&reports).await.expect(422).field_errors(), ["too_long body.chats"]);
}

#[tokio::test]
async fn what_is_no_report_is_a_422_and_a_user_a_401() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("x").await;
    let good = report(&chat, 1, None, 10);
    for (field, wrong) in [
        ("chat_id", json!("x")),
        ("version", json!(null)),
        ("active_branch_id", json!(null)),
        ("message_count", json!(-1)),
        ("last_message_at", json!("today")),
        ("changed_at", json!(null)),
    ] {
        let mut report = good.clone();
        report[field] = wrong;
        assert_eq!(
            app.report(&[report]).await.expect(422).field_errors(),
            ["value_error body.chats"],
            "{field}"
        );
    }
    let branch = app.service(Service::Branch);
    assert_eq!(branch.put(PATH, &json!({})).await.expect(422).field_errors(), ["missing body.chats"]);
    let for_another = token_keys(&app.clock).issue_for_service(Service::Branch, Service::Auth).unwrap();
    for client in [&ann.client, &app.client, &app.client.with_token(&for_another)] {
        client.put(PATH, &json!({"chats": [good]})).await.expect(401);
    }

    assert_eq!(app.activity(&chat).await, (None, 0, None, None));
}
