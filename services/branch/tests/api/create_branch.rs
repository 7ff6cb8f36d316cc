use crate::app::{spawn_app, text, unknown};
use serde_json::{Value, json};

#[tokio::test]
async fn the_parent_of_a_fork_is_the_owner_of_the_response() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let second = chat.say(&chat.id, "2").await;
    let body = json!({"original_chat_id": chat.id, "branch_from_response_id": second["response_id"], "name": " A 🌳 "});
    let fork = chat.post_branch(&body).await.expect(201).json();
    let id = text(&fork["branch_id"]);
    assert_eq!(fork["chat_id"], fork["branch_id"]);
    assert_eq!((&fork["root_chat_id"], &fork["parent_branch_id"]), (&json!(chat.id), &json!(chat.id)));
    assert_eq!((&fork["forked_from_response_id"], &fork["fork_depth"]), (&second["response_id"], &json!(2)));
    assert_eq!((&fork["name"], &fork["message_count"]), (&json!(" A 🌳 "), &json!(0)));
    assert_eq!((&fork["head_response_id"], &fork["active"]), (&second["response_id"], &json!(false)));

    // From an inherited response, by the fork's id: the ancestor that holds it is the parent.
    chat.say(&id, "3").await;
    let body = json!({"original_chat_id": id, "branch_from_response_id": first["response_id"]});
    let sibling = chat.post_branch(&body).await.expect(201).json();
    assert_eq!((&sibling["parent_branch_id"], &sibling["fork_depth"]), (&json!(chat.id), &json!(1)));
    assert_eq!(sibling["name"], Value::Null);
}

#[tokio::test]
async fn the_parent_of_a_fork_before_the_first_message_is_the_trunk() {
    let app = spawn_app().await;
    let chat = app.chat();
    let body = |id: &str| json!({"original_chat_id": id, "branch_from_response_id": null, "activate": true});
    let empty = chat.post_branch(&body(&chat.id)).await.expect(201).json();
    let id = text(&empty["branch_id"]);
    assert_eq!((&empty["parent_branch_id"], &empty["fork_depth"]), (&json!(chat.id), &json!(0)));
    assert_eq!((&empty["forked_from_response_id"], &empty["head_response_id"]), (&Value::Null, &Value::Null));
    assert_eq!(empty["active"], true);
    assert_eq!(chat.say(&chat.id, "1").await["branch_id"], id);
    let other = chat.post_branch(&body(&id)).await.expect(201).json();
    assert_eq!(other["parent_branch_id"], chat.id);
    let second = chat.say(&id, "2").await;
    let leaf = chat.fork(&second["response_id"]).await;
    chat.say(&leaf, "3").await;
    assert_eq!(chat.line(&leaf).await, ["1", "2", "3"]);
}

#[tokio::test]
async fn the_response_must_lie_on_the_named_line() {
    let app = spawn_app().await;
    let chat = app.chat();
    let other = app.chat_of(chat.user);
    let first = chat.say(&chat.id, "1").await;
    let second = chat.say(&chat.id, "2").await;
    let elsewhere = other.say(&other.id, "x").await;
    let fork = chat.fork(&first["response_id"]).await;
    let forked = chat.say(&fork, "2f").await;
    let leaf = chat.fork(&forked["response_id"]).await;
    let create = async |id: &str, response: &Value| {
        chat.post_branch(&json!({"original_chat_id": id, "branch_from_response_id": response})).await
    };
    // Any line of the chat will do for the chat's id, but a branch's id means its own line.
    create(&chat.id, &forked["response_id"]).await.expect(201);
    create(&leaf, &forked["response_id"]).await.expect(201);
    create(&leaf, &first["response_id"]).await.expect(201);
    for (id, response) in [
        (&fork, &second["response_id"]),
        (&leaf, &second["response_id"]),
        (&chat.id, &elsewhere["response_id"]),
        (&chat.id, &json!(unknown())),
    ] {
        assert_eq!(create(id, response).await.expect(404).code(), "message_not_found");
    }
    assert_eq!(create(&unknown(), &first["response_id"]).await.expect(404).code(), "chat_not_found");
    let stranger = app.chat();
    let body = json!({"original_chat_id": chat.id, "branch_from_response_id": first["response_id"]});
    stranger.post_branch(&body).await.expect(404);
    let body = json!({"original_chat_id": stranger.id, "branch_from_response_id": first["response_id"]});
    stranger.post_branch(&body).await.expect(404);
}

#[tokio::test]
async fn an_id_can_be_chosen_unless_it_is_taken() {
    let app = spawn_app().await;
    let (chat, stranger, untouched) = (app.chat(), app.chat(), app.chat());
    let first = chat.say(&chat.id, "1").await;
    let theirs = stranger.say(&stranger.id, "1").await;
    let theirs = stranger.fork(&theirs["response_id"]).await;
    let create = async |id: &str| {
        let body = json!({"original_chat_id": chat.id, "branch_from_response_id": first["response_id"], "new_chat_id": id});
        chat.post_branch(&body).await
    };
    let id = unknown();
    assert_eq!(create(&id.to_uppercase()).await.expect(201).json()["branch_id"], id);
    assert_eq!(chat.say(&id, "2").await["branch_id"], id);
    let deleted = chat.fork(&first["response_id"]).await;
    chat.delete_branch(&deleted, "").await.expect(200);
    for taken in [&id, &chat.id, &theirs, &stranger.id, &untouched.id, &deleted] {
        assert_eq!(create(taken).await.expect(409).code(), "id_taken");
    }
    app.delete_in_chat_service(&untouched);
    create(&untouched.id).await.expect(409);
    // What is not there is told first.
    let body = json!({"original_chat_id": chat.id, "branch_from_response_id": unknown(), "new_chat_id": id});
    chat.post_branch(&body).await.expect(404);
}

#[tokio::test]
async fn every_invalid_field_is_reported() {
    let app = spawn_app().await;
    let chat = app.chat();
    let wrong = async |body: Value| {
        let mut errors = chat.post_branch(&body).await.expect(422).field_errors();
        errors.sort_unstable();
        errors
    };
    assert_eq!(
        wrong(json!({})).await,
        ["missing body.branch_from_response_id", "missing body.original_chat_id"]
    );
    let body = json!({"original_chat_id": null, "branch_from_response_id": "x", "new_chat_id": "y", "name": "", "activate": 1});
    assert_eq!(
        wrong(body).await,
        [
            "bool_type body.activate",
            "string_too_short body.name",
            "uuid_parsing body.branch_from_response_id",
            "uuid_parsing body.new_chat_id",
            "uuid_type body.original_chat_id"
        ]
    );
    let long = json!({"original_chat_id": chat.id, "branch_from_response_id": null, "name": "é".repeat(201)});
    assert_eq!(wrong(long).await, ["string_too_long body.name"]);
    let nulls = json!({"original_chat_id": chat.id, "branch_from_response_id": null, "name": null, "activate": null,
                       "new_chat_id": null});
    chat.post_branch(&nulls).await.expect(201);
}
