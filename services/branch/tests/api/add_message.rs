use crate::app::{questions, spawn_app, text, unknown};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use wiremock::matchers::any;
use wiremock::{Mock, ResponseTemplate};

#[tokio::test]
async fn the_first_message_of_a_chat_lies_on_its_trunk() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "one").await;
    let second = chat.say(&chat.id.replace('-', "").to_uppercase(), "two").await;

    assert_eq!(first["chat_id"], chat.id);
    assert_eq!(first["branch_id"], chat.id);
    assert_eq!((&first["depth"], &first["parent_response_id"]), (&json!(1), &Value::Null));
    assert_eq!((&first["question"], &first["response"]), (&json!("one"), &json!("one!")));
    assert_eq!((&first["branches"], &first["branch_count"]), (&json!([]), &json!(0)));
    assert_eq!(first["metadata"], json!({}));
    assert_eq!((&second["depth"], &second["parent_response_id"]), (&json!(2), &first["response_id"]));
    let stamp = text(&first["timestamp"]);
    assert!(stamp.ends_with('Z') && stamp.split_once('.').unwrap().1.len() == 7, "{stamp}");
    assert_eq!(chat.get_message(&first["response_id"]).await.expect(200).json(), first);
    // Whose the chat is was asked once.
    assert_eq!(app.count_lookups().await, 1);
}

#[tokio::test]
async fn texts_come_back_as_they_were_sent() {
    let app = spawn_app().await;
    let chat = app.chat();
    for said in
        [" \t\n ", "é 🌳 \u{202e} \u{7f}", "e\u{301}", "'; DROP TABLE messages; --", "\u{feff}x\u{ffff}"]
    {
        let body = json!({"chat_id": chat.id, "question": said, "response": "", "nobody": "asked"});
        let made = chat.post_message(&body).await.expect(201).json();
        assert_eq!(made["question"], said);
        assert_eq!(chat.get_message(&made["response_id"]).await.json()["question"], said);
    }
    chat.post_message(&json!({"chat_id": chat.id, "question": "", "response": "only"})).await.expect(201);
    let largest = "é".repeat(1 << 19);
    let body = json!({"chat_id": chat.id, "question": largest, "response": largest});
    let made = chat.post_message(&body).await.expect(201).json();
    assert_eq!(chat.get_message(&made["response_id"]).await.json()["response"], largest);
}

#[tokio::test]
async fn metadata_keeps_its_text() {
    let app = spawn_app().await;
    let chat = app.chat();
    let deep = format!("{}1{}", r#"{"a":["#.repeat(1_000), "]}".repeat(1_000));
    let odd = r#"{"z":1e400,"$a":-0.0,"b.c":1.10,"":{"x":123456789012345678901234567890},"a":"\u00e9\ud83d\ude00"}"#;
    for metadata in ["{}", odd, &deep] {
        let body = format!(
            r#"{{"chat_id": "{}", "question": "q", "response": "r", "metadata": {metadata}}}"#,
            chat.id
        );
        let made =
            chat.client.send(Method::POST, "/api/v1/messages/add-message", Some(body)).await.expect(201);
        assert!(made.text.contains(metadata), "{}", made.text);
        let line = chat.get_line(&chat.id, "&limit=1").await.expect(200);
        assert!(line.text.contains(metadata), "{}", line.text);
    }
    let null =
        json!({"chat_id": chat.id, "question": "q", "response": "r", "metadata": null, "branch_id": null});
    assert_eq!(chat.post_message(&null).await.expect(201).json()["metadata"], json!({}));
}

#[tokio::test]
async fn every_invalid_field_is_reported() {
    let app = spawn_app().await;
    let chat = app.chat();
    let wrong = async |body: &str| {
        let sent =
            chat.client.send(Method::POST, "/api/v1/messages/add-message", Some(body.to_owned())).await;
        let mut errors = sent.expect(422).field_errors();
        errors.sort_unstable();
        errors
    };
    let with =
        |field: &str| format!(r#"{{"chat_id": "{}", "question": "q", "response": "r", {field}}}"#, chat.id);
    assert_eq!(wrong("{}").await, ["missing body.chat_id", "missing body.question", "missing body.response"]);
    assert_eq!(
        wrong(r#"{"chat_id": "7", "question": null, "response": 1, "branch_id": "x", "expected_head": 1}"#)
            .await,
        [
            "string_type body.question",
            "string_type body.response",
            "uuid_parsing body.branch_id",
            "uuid_parsing body.chat_id",
            "uuid_type body.expected_head"
        ]
    );
    let long = format!(
        r#"{{"chat_id": "{}", "question": "{}", "response": ""}}"#,
        chat.id,
        "x".repeat((1 << 20) + 1)
    );
    assert_eq!(wrong(&long).await, ["string_too_long body.question"]);
    let empty = format!(r#"{{"chat_id": "{}", "question": "", "response": ""}}"#, chat.id);
    assert_eq!(wrong(&empty).await, ["value_error body.question"]);
    for metadata in ["[]", "1", r#""{}""#] {
        assert_eq!(wrong(&with(&format!(r#""metadata": {metadata}"#))).await, ["dict_type body.metadata"]);
    }
    let long = format!(r#""metadata": {{"a": "{}"}}"#, "x".repeat(16 << 10));
    assert_eq!(wrong(&with(&long)).await, ["too_long body.metadata"]);
    for text in [r"\u0000", r"\ud800"] {
        assert_eq!(
            wrong(&with(&format!(r#""metadata": {{"a": "{text}"}}"#))).await,
            ["value_error body.metadata"]
        );
        let question = format!(r#"{{"chat_id": "{}", "question": "{text}", "response": "r"}}"#, chat.id);
        assert!(wrong(&question).await[0].ends_with(" body.question"));
    }
}

#[tokio::test]
async fn a_branch_is_named_in_any_of_three_ways() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "one").await;
    let fork = chat.fork(&first["response_id"]).await;
    let other = app.chat_of(chat.user);
    let body =
        |id: &str, branch: &str| json!({"chat_id": id, "branch_id": branch, "question": "q", "response": ""});

    // By its own id, as older clients do; beside the chat's id; and by being active.
    assert_eq!(chat.say(&fork, "two").await["branch_id"], fork);
    assert_eq!(chat.post_message(&body(&chat.id, &fork)).await.expect(201).json()["depth"], 3);
    chat.activate(&chat.id, &fork).await.expect(200);
    let fourth = chat.say(&chat.id, "four").await;
    assert_eq!((&fourth["branch_id"], &fourth["depth"]), (&json!(fork), &json!(4)));
    assert_eq!(fourth["chat_id"], chat.id);
    // The trunk of a chat with another active branch is reached by its id.
    assert_eq!(chat.post_message(&body(&fork, &chat.id)).await.expect(201).json()["branch_id"], chat.id);

    chat.say(&other.id, "elsewhere").await;
    for (id, branch) in [(&other.id, &fork), (&chat.id, &other.id), (&chat.id, &unknown())] {
        let answer = chat.post_message(&body(id, branch)).await.expect(404);
        assert_eq!(answer.code(), "branch_not_found");
    }
}

#[tokio::test]
async fn objects_of_others_are_not_found() {
    let app = spawn_app().await;
    let (chat, stranger, deleted) = (app.chat(), app.chat(), app.chat());
    let first = chat.say(&chat.id, "mine").await;
    let fork = chat.fork(&first["response_id"]).await;
    app.delete_in_chat_service(&deleted);
    let untouched = app.chat();
    for id in [&chat.id, &fork, &untouched.id, &deleted.id, &unknown()] {
        let answer = stranger.post_message(&json!({"chat_id": id, "question": "q", "response": "r"})).await;
        assert_eq!(answer.expect(404).code(), "chat_not_found");
    }
    deleted.post_message(&json!({"chat_id": deleted.id, "question": "q", "response": "r"})).await.expect(404);
    assert_eq!(chat.line(&chat.id).await, ["mine"]);
}

#[tokio::test]
async fn an_unexpected_head_is_a_409() {
    let app = spawn_app().await;
    let chat = app.chat();
    let say = async |head: Value| {
        let body = json!({"chat_id": chat.id, "question": "q", "response": "r", "expected_head": head});
        chat.post_message(&body).await
    };
    let first = say(Value::Null).await.expect(201).json();
    let moved = say(Value::Null).await.expect(409);
    assert_eq!(moved.code(), "head_moved");
    assert_eq!(moved.json()["head_response_id"], first["response_id"]);
    let second = say(first["response_id"].clone()).await.expect(201).json();
    let moved = say(first["response_id"].clone()).await.expect(409);
    assert_eq!(moved.json()["head_response_id"], second["response_id"]);
    say(json!(unknown())).await.expect(409);

    // The head of a fork without messages is the response that it forked from.
    let fork = chat.fork(&first["response_id"]).await;
    let body = |branch: &str, head: &Value| json!({"chat_id": branch, "question": "q", "response": "r", "expected_head": head});
    let moved = chat.post_message(&body(&fork, &Value::Null)).await.expect(409);
    assert_eq!(moved.json()["head_response_id"], first["response_id"]);
    chat.post_message(&body(&fork, &first["response_id"])).await.expect(201);
    let empty = chat.fork(&Value::Null).await;
    let moved = chat.post_message(&body(&empty, &first["response_id"])).await.expect(409);
    assert_eq!(moved.json()["head_response_id"], Value::Null);
    chat.post_message(&body(&empty, &Value::Null)).await.expect(201);
    assert_eq!(chat.line(&chat.id).await.len(), 2);
}

#[tokio::test]
async fn while_chat_is_down_only_known_chats_are_served() {
    let app = spawn_app().await;
    let (known, new) = (app.chat(), app.chat());
    known.say(&known.id, "one").await;
    app.chat.reset().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(500)).mount(&app.chat).await;
    known.say(&known.id, "two").await;
    let answer =
        new.post_message(&json!({"chat_id": new.id, "question": "q", "response": "r"})).await.expect(503);
    assert_eq!(answer.code(), "service_unavailable");
}

#[tokio::test]
async fn times_rise_along_a_line_if_the_clock_is_set_back() {
    let app = spawn_app().await;
    let chat = app.chat();
    let mut stamps = Vec::new();
    for question in ["1", "2", "3"] {
        stamps.push(text(&chat.say(&chat.id, question).await["timestamp"]));
        app.clock.set_back(Duration::from_secs(60 * 60));
    }
    assert!(stamps[0] < stamps[1] && stamps[1] < stamps[2], "{stamps:?}");
    let line = chat.get_line(&chat.id, "").await.expect(200).json();
    let branch = json!({"original_chat_id": chat.id, "branch_from_response_id": line[0]["response_id"]});
    let branch = chat.post_branch(&branch).await.expect(201).json();
    assert!(stamps[2] <= text(&branch["created_at"]), "{stamps:?} {branch}");
    let all = chat.client.get("/api/v1/messages/all-messages").await.expect(200);
    assert_eq!(questions(&all), ["3", "2", "1"]);
}
