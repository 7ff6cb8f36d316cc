//! The limits of a user.

use crate::app::{chat, endless, eventually, spawn_app_with};
use answer::store::UserLimits;
use serde_json::json;
use shared::service::Service;

#[tokio::test]
async fn a_user_has_so_many_answers_at_once() {
    let app = spawn_app_with(|config| config.limits.runs = 2).await;
    let ann = app.user();
    let first = ann.ask(&chat(), &endless()).await;
    let second =
        ann.with_key("k").create(&json!({"chat_id": chat(), "question": endless()})).await.expect(201);
    let body = json!({"chat_id": chat(), "question": "x"});

    let refused = ann.create(&body).await.expect(429);

    assert_eq!((refused.code().as_str(), refused.header("retry-after")), ("too_many_answers", "2"));
    drop(second);
    ann.stop(&first).await.expect(200);
    ann.create(&body).await.expect(201);
}

#[tokio::test]
async fn answers_that_cannot_be_stored_are_limited_too() {
    let app = spawn_app_with(|config| config.limits.runs = 1).await;
    let ann = app.user();
    app.branch_service.fail_to_store(true);
    for _ in 0..4 {
        let id = ann.ask(&chat(), "[[delay:0]] x").await;
        let is_over = async || ann.get(&id).await.json()["status"] == "completed";
        eventually("it is answered", is_over).await;
    }
    let refused = ann.create(&json!({"chat_id": chat(), "question": "x"})).await.expect(429);
    assert_eq!(refused.code(), "too_many_answers");
}

#[tokio::test]
async fn a_user_asks_so_many_questions_in_a_minute() {
    let app = spawn_app_with(|config| config.limits.questions_per_minute = 2).await;
    let ann = app.user();
    let first = chat();
    for chat in [&first, &chat()] {
        ann.ask(chat, "x").await;
    }
    let refused = ann.create(&json!({"chat_id": chat(), "question": "x"})).await.expect(429);
    assert_eq!(refused.code(), "rate_limited");
    // Runs go with their chats, but not what was asked.
    let account = format!("/internal/chats/{first}/state?state=destroyed&number=1");
    app.service(Service::Chat).send(reqwest::Method::PUT, &account, None).await.expect(200);
    ann.create(&json!({"chat_id": chat(), "question": "x"})).await.expect(429);
    assert!((1..=60).contains(&refused.header("retry-after").parse().unwrap()));
}

#[tokio::test]
async fn a_question_and_its_items_have_so_many_bytes_each() {
    let app = spawn_app_with(|config| config.question_bytes = 1 << 10).await;
    let ann = app.user();
    let (short, long) = ("x".repeat(1 << 10), "x".repeat((1 << 10) + 1));
    let items = |text: &str| json!([{"role": "user", "content": text}]);
    for (field, body) in [
        ("question", json!({"chat_id": chat(), "question": long})),
        ("input_items", json!({"chat_id": chat(), "question": short, "input_items": items(&short)})),
    ] {
        let refused = ann.create(&body).await.expect(422);
        assert_eq!(
            (refused.code().as_str(), &refused.json()["detail"][0]["loc"][1]),
            ("validation_error", &json!(field))
        );
        assert!(!refused.text.contains("xxx"), "{}", refused.text);
    }
    let taken = json!({"chat_id": chat(), "question": short, "input_items": items("x")});
    ann.create(&taken).await.expect(201);
}

#[tokio::test]
async fn the_tokens_of_an_answer_under_way_and_of_one_that_is_stopped_count() {
    let limits = UserLimits { runs: 10, questions_per_minute: 100, tokens_per_day: Some(100) };
    let app = spawn_app_with(|config| config.limits = limits).await;
    let ann = app.user();
    let id = ann.ask(&chat(), &format!("[[stall:after=1]] a {}", "b".repeat(600))).await;
    ann.begun(&id).await;
    let body = json!({"chat_id": chat(), "question": "x"});
    assert_eq!(ann.create(&body).await.expect(429).code(), "too_many_tokens");
    ann.stop(&id).await.expect(200);
    assert_eq!(ann.create(&body).await.expect(429).code(), "too_many_tokens");
}

#[tokio::test]
async fn the_tokens_of_a_day_are_limited() {
    let limits = UserLimits { runs: 10, questions_per_minute: 100, tokens_per_day: Some(3) };
    let app = spawn_app_with(|config| config.limits = limits).await;
    let ann = app.user();
    let id = ann.ask(&chat(), "one two three").await;
    ann.stored(&id).await;
    let refused = ann.create(&json!({"chat_id": chat(), "question": "x"})).await.expect(429);
    assert_eq!(refused.code(), "too_many_tokens");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
}
