use crate::app::{Chat, spawn_app, unknown};
use serde_json::{Value, json};
use shared_test_kit::Answer;

async fn compare(chat: &Chat, left: &str, right: &str) -> Answer {
    chat.client.get(&format!("/api/v1/branches/compare?left={left}&right={right}")).await
}

fn line(branch: &str, head: &Value, ahead: i64) -> Value {
    json!({"branch_id": branch, "head_response_id": head, "ahead": ahead})
}

#[tokio::test]
async fn two_branches_part_at_a_message() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await["response_id"].clone();
    let second = chat.say(&chat.id, "2").await["response_id"].clone();
    let left = chat.fork(&first).await;
    chat.say(&left, "2l").await;
    let third = chat.say(&left, "3l").await["response_id"].clone();
    let empty = chat.fork(&second).await;
    let common = |response: &Value, depth: i64| json!({"response_id": response, "depth": depth});
    for (one, other, expected) in [
        ((&left, &third, 2), (&chat.id, &second, 1), common(&first, 1)),
        ((&empty, &second, 0), (&chat.id, &second, 0), common(&second, 2)),
        ((&empty, &second, 1), (&left, &third, 2), common(&first, 1)),
        ((&left, &third, 0), (&left, &third, 0), common(&third, 3)),
    ] {
        let view = |(branch, head, ahead): (&String, &Value, i64)| line(branch, head, ahead);
        let answer = compare(&chat, one.0, other.0).await.expect(200).json();
        assert_eq!(answer, json!({"common": expected, "left": view(one), "right": view(other)}));
        let answer = compare(&chat, other.0, one.0).await.expect(200).json();
        assert_eq!(answer, json!({"common": expected, "left": view(other), "right": view(one)}));
    }
    // A chat's id stands for its trunk, whichever branch is the active one.
    chat.activate(&chat.id, &left).await.expect(200);
    let answer = compare(&chat, &chat.id, &left).await.expect(200).json();
    assert_eq!(answer["left"], line(&chat.id, &second, 1));
}

#[tokio::test]
async fn nothing_in_common_is_null() {
    let app = spawn_app().await;
    let chat = app.chat();
    let other = app.chat_of(chat.user);
    // Neither has a trunk yet.
    let answer = compare(&chat, &chat.id, &other.id).await.expect(200).json();
    let nothing = |chat: &Chat| line(&chat.id, &Value::Null, 0);
    assert_eq!(answer, json!({"common": null, "left": nothing(&chat), "right": nothing(&other)}));
    assert_eq!(compare(&chat, &chat.id, &chat.id).await.expect(200).json()["common"], Value::Null);
    let first = chat.say(&chat.id, "1").await["response_id"].clone();
    other.say(&other.id, "1").await;
    let fresh = chat.fork(&Value::Null).await;
    for id in [&other.id, &fresh] {
        let answer = compare(&chat, &chat.id, id).await.expect(200).json();
        assert_eq!((&answer["common"], &answer["left"]), (&Value::Null, &line(&chat.id, &first, 1)));
    }
}

#[tokio::test]
async fn invalid_input_is_a_422_and_missing_branches_are_a_404() {
    let app = spawn_app().await;
    let (chat, stranger) = (app.chat(), app.chat());
    let first = chat.say(&chat.id, "1").await;
    let gone = chat.fork(&first["response_id"]).await;
    chat.delete_branch(&gone, "").await.expect(200);
    stranger.say(&stranger.id, "1").await;
    for id in [&stranger.id, &app.chat().id, &gone, &unknown()] {
        for (left, right) in [(id, &chat.id), (&chat.id, id), (id, id)] {
            assert_eq!(compare(&chat, left, right).await.expect(404).code(), "branch_not_found");
        }
    }
    let wrong = chat.client.get("/api/v1/branches/compare?left=x").await.expect(422).field_errors();
    assert_eq!(wrong, ["uuid_parsing query.left", "missing query.right"]);
}
