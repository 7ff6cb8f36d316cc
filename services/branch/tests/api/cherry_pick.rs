use crate::app::{spawn_app, text, unknown};
use serde_json::{Value, json};

const PICK: &str = "/api/v1/branches/cherry-pick";

#[tokio::test]
async fn copies_lie_on_a_new_branch() {
    let app = spawn_app().await;
    let chat = app.chat();
    let other = app.chat_of(chat.user);
    let first = chat.say(&chat.id, "1").await;
    let body = json!({"chat_id": other.id, "question": "x", "response": "y", "metadata": {"m": 1.50}});
    let elsewhere = other.post_message(&body).await.expect(201).json();
    let ids = [&elsewhere["response_id"], &first["response_id"], &elsewhere["response_id"]];
    let body = json!({"response_ids": ids, "onto_branch_id": chat.id, "name": "n"});
    let made = chat.client.post(PICK, &body).await.expect(201).json();
    let branch = &made["branch"];
    assert_eq!((&branch["root_chat_id"], &branch["name"]), (&json!(chat.id), &json!("n")));
    assert_eq!(
        (&branch["forked_from_response_id"], &branch["message_count"]),
        (&first["response_id"], &json!(3))
    );
    assert_eq!(branch["active"], false);
    let copies = made["messages"].as_array().unwrap();
    for (copy, source) in copies.iter().zip([&elsewhere, &first, &elsewhere]) {
        assert_eq!(copy["copied_from"], source["response_id"]);
        for field in ["question", "response", "metadata"] {
            assert_eq!(copy[field], source[field]);
        }
        assert_eq!(&chat.get_message(&copy["response_id"]).await.expect(200).json(), copy);
    }
    assert_eq!(copies[2]["response_id"], branch["head_response_id"]);
    let id = text(&branch["branch_id"]);
    assert_eq!(chat.line(&id).await, ["1", "x", "1", "x"]);
    let body = json!({"response_ids": [first["response_id"]], "onto_branch_id": id, "onto_response_id": null, "activate": true});
    let made = chat.client.post(PICK, &body).await.expect(201).json();
    assert_eq!((&made["branch"]["fork_depth"], &made["branch"]["active"]), (&json!(0), &json!(true)));
    assert_eq!(made["messages"][0]["parent_response_id"], Value::Null);
    // A chat in which nothing was said yet.
    let empty = app.chat_of(chat.user);
    let body = json!({"response_ids": [first["response_id"]], "onto_branch_id": empty.id});
    let made = chat.client.post(PICK, &body).await.expect(201).json();
    assert_eq!(made["branch"]["root_chat_id"], empty.id);
}

#[tokio::test]
async fn what_is_not_the_callers_is_not_copied() {
    let app = spawn_app().await;
    let (chat, stranger) = (app.chat(), app.chat());
    let first = chat.say(&chat.id, "1").await;
    let theirs = stranger.say(&stranger.id, "x").await;
    let own = &first["response_id"];
    for gone in [&theirs["response_id"], &json!(unknown())] {
        let body = json!({"response_ids": [own, gone], "onto_branch_id": chat.id});
        assert_eq!(chat.client.post(PICK, &body).await.expect(404).code(), "message_not_found");
        let body = json!({"response_ids": [own], "onto_branch_id": chat.id, "onto_response_id": gone});
        assert_eq!(chat.client.post(PICK, &body).await.expect(404).code(), "message_not_found");
    }
    for gone in [&stranger.id, &unknown()] {
        let body = json!({"response_ids": [own], "onto_branch_id": gone});
        assert_eq!(chat.client.post(PICK, &body).await.expect(404).code(), "branch_not_found");
    }
    assert_eq!(chat.tree(&chat.id).await["branches"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn every_invalid_field_of_a_cherry_pick_is_reported() {
    let app = spawn_app().await;
    let chat = app.chat();
    let wrong = async |body: Value| {
        let mut errors = chat.client.post(PICK, &body).await.expect(422).field_errors();
        errors.sort_unstable();
        errors
    };
    assert_eq!(wrong(json!({})).await, ["missing body.onto_branch_id", "missing body.response_ids"]);
    let body =
        json!({"response_ids": "x", "onto_branch_id": "y", "onto_response_id": 1, "name": "", "activate": 1});
    assert_eq!(
        wrong(body).await,
        [
            "bool_type body.activate",
            "list_type body.response_ids",
            "string_too_short body.name",
            "uuid_parsing body.onto_branch_id",
            "uuid_type body.onto_response_id"
        ]
    );
    for (ids, error) in [
        (json!([]), "too_short body.response_ids"),
        (json!(vec![unknown(); 101]), "too_long body.response_ids"),
        (json!(["x"]), "uuid_parsing body.response_ids"),
        (json!([null]), "uuid_type body.response_ids"),
        (Value::Null, "list_type body.response_ids"),
    ] {
        assert_eq!(wrong(json!({"response_ids": ids, "onto_branch_id": chat.id})).await, [error]);
    }
    let large = "x".repeat(1 << 20);
    let body = json!({"chat_id": chat.id, "question": large, "response": large});
    let large = chat.post_message(&body).await.expect(201).json();
    let ids = |count| vec![&large["response_id"]; count];
    let body = json!({"response_ids": ids(5), "onto_branch_id": chat.id});
    assert_eq!(wrong(body).await, ["too_long body.response_ids"]);
    let body = json!({"response_ids": ids(4), "onto_branch_id": chat.id});
    chat.client.post(PICK, &body).await.expect(201);
}
