//! What the answer service asks, and nobody else may.

use crate::app::{Chat, DAY, TestApp, spawn_app, spawn_undoable_app, text, unknown};
use reqwest::Method;
use serde_json::{Value, json};
use shared::ids::UserId;
use shared_test_kit::Answer;

async fn place(app: &TestApp, body: &Value) -> Answer {
    app.as_answer_service().post("/internal/lines/place", body).await
}

async fn put(app: &TestApp, id: &str, body: &Value) -> Answer {
    app.as_answer_service().put(&format!("/internal/answers/{id}"), body).await
}

/// An answer at a place.
fn answer(chat: &Chat, branch: &Value, parent: &Value) -> Value {
    json!({
        "owner": chat.user, "chat_id": chat.id, "branch_id": branch, "parent_response_id": parent,
        "question": "q", "response": "a", "generation": {"model": "fig-1", "usage": null},
        "input_items": [{"type": "input_image"}], "output_items": null, "placement": "append"
    })
}

async fn line_down(app: &TestApp, chat: &Chat, branch: &str, query: &str) -> Answer {
    let path = format!("/internal/lines/{branch}/messages?owner={}{query}", chat.user);
    app.as_answer_service().get(&path).await
}

#[tokio::test]
async fn an_answer_is_placed_and_stored() {
    let app = spawn_app().await;
    let chat = app.chat();
    let question = |more: Value| {
        let mut body = json!({"owner": chat.user, "chat_id": chat.id});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    // Nothing was said yet: the chat service knows the chat.
    let found = place(&app, &question(json!({"expected_head": null}))).await.expect(200).json();
    let empty = json!({
        "chat_id": chat.id, "branch_id": chat.id, "parent_response_id": null, "depth": 0, "is_head": true
    });
    assert_eq!(found, empty);
    let id = unknown();
    let body = answer(&chat, &json!(chat.id), &Value::Null);
    let stored = put(&app, &id, &body).await.expect(200).json();
    assert_eq!((&stored["response_id"], &stored["depth"]), (&json!(id), &json!(1)));
    assert_eq!(stored["generation"], json!({"model": "fig-1", "usage": null}));
    assert_eq!((stored.get("input_items"), stored.get("output_items")), (None, None));
    assert_eq!(chat.get_message(&json!(id)).await.expect(200).json(), stored);
    assert_eq!(put(&app, &id, &body).await.expect(200).json(), stored);

    let place_of = async |more: Value| place(&app, &question(more)).await.expect(200).json();
    let found = place_of(json!({})).await;
    assert_eq!((&found["parent_response_id"], &found["depth"]), (&json!(id), &json!(1)));
    let found = place_of(json!({"parent_response_id": null})).await;
    assert_eq!((&found["depth"], &found["is_head"]), (&json!(0), &json!(false)));
    let moved = place(&app, &question(json!({"expected_head": null}))).await.expect(409);
    assert_eq!((moved.code(), &moved.json()["head_response_id"]), ("head_moved".to_owned(), &json!(id)));

    // The head has moved, so that it goes to a branch, which becomes active.
    let mut body = answer(&chat, &json!(chat.id), &Value::Null);
    body["activate"] = json!(true);
    let forked = put(&app, &unknown(), &body).await.expect(200).json();
    assert_ne!(forked["branch_id"], chat.id);
    assert_eq!((&forked["version"], &forked["version_count"]), (&json!(2), &json!(2)));
    assert_eq!(place_of(json!({})).await["branch_id"], forked["branch_id"]);
    let mut body = answer(&chat, &json!(chat.id), &stored["response_id"]);
    body["placement"] = json!("fork");
    let sibling = put(&app, &unknown(), &body).await.expect(200).json();
    assert_eq!((&sibling["depth"], &sibling["inherited"]), (&json!(2), &json!(false)));
    assert_eq!(chat.line(&text(&sibling["branch_id"])).await, ["q", "q"]);
    assert_eq!(chat.line(&chat.id).await, ["q"]);
}

#[tokio::test]
async fn items_are_read_only_where_they_are_asked_for() {
    let app = spawn_app().await;
    let chat = app.chat();
    let said = chat.say(&chat.id, "1").await;
    assert_eq!(said["generation"], Value::Null);
    let id = unknown();
    let body = answer(&chat, &json!(chat.id), &said["response_id"]);
    put(&app, &id, &body).await.expect(200);
    let items = (json!([{"type": "input_image"}]), Value::Null);
    let has_items = |message: &Value| {
        assert_eq!((&message["input_items"], message.get("output_items")), (&items.0, Some(&items.1)));
    };
    let path = format!("/api/v1/messages/get-message/{id}");
    has_items(&chat.client.get(&format!("{path}?fields=items")).await.expect(200).json());
    assert_eq!(chat.client.get(&path).await.expect(200).json().get("input_items"), None);
    let path = format!("/internal/messages/{id}?owner={}", chat.user);
    let service = app.as_answer_service();
    has_items(&service.get(&path).await.expect(200).json());
    has_items(&service.get(&format!("{path}&chat_id={}", chat.id)).await.expect(200).json());

    let page = chat.get_line(&chat.id, "&fields=items&limit=1").await.expect(200);
    assert!(page.header("link").contains("fields=items"));
    has_items(&page.json()[0]);
    let both = chat.get_line(&chat.id, "&fields=items").await.expect(200).json();
    assert_eq!(both[1].get("input_items"), Some(&Value::Null));
    let none = chat.get_line(&chat.id, "").await.expect(200).json();
    assert_eq!((none[0].get("input_items"), &none[0]["generation"]["model"]), (None, &json!("fig-1")));
    let wrong = chat.get_line(&chat.id, "&fields=x").await.expect(422).field_errors();
    assert_eq!(wrong, ["enum query.fields"]);
    // No client writes them.
    let forged =
        json!({"chat_id": chat.id, "question": "q", "response": "r", "generation": {}, "input_items": []});
    let forged = chat.post_message(&forged).await.expect(201).json();
    assert_eq!(forged["generation"], Value::Null);
    let edited = json!({"response_id": id, "response": "r"});
    let edited = chat.client.post("/api/v1/messages/edit-message", &edited).await.expect(201).json();
    assert_eq!(edited["generation"], Value::Null);
}

#[tokio::test]
async fn a_line_is_read_downwards_from_a_depth() {
    let app = spawn_app().await;
    let chat = app.chat();
    for number in 1..=5 {
        chat.say(&chat.id, &number.to_string()).await;
    }
    let third = chat.get_line(&chat.id, "&order=asc&from_depth=3&limit=1").await.expect(200).json();
    let branch = chat.fork(&third[0]["response_id"]).await;
    chat.say(&branch, "4b").await;
    let down = async |query: &str| {
        let page = line_down(&app, &chat, &branch, query).await.expect(200);
        assert!(page.json().as_array().unwrap().iter().all(|message| message.get("output_items").is_some()));
        crate::app::questions(&page)
    };
    assert_eq!(down("&depth=4").await, ["4b", "3", "2", "1"]);
    assert_eq!(down("&depth=3&limit=2").await, ["3", "2"]);
    assert_eq!(down("&depth=1&limit=200").await, ["1"]);
    assert_eq!(down("&depth=99&limit=1").await, ["4b"]);
    assert!(down("&depth=0").await.is_empty());
    // The trunk, also where another branch is active.
    chat.activate(&chat.id, &branch).await.expect(200);
    let trunk = line_down(&app, &chat, &chat.id, "&depth=5&limit=2").await.expect(200);
    assert_eq!(crate::app::questions(&trunk), ["5", "4"]);
    for wrong in ["", "&depth=-1", "&depth=x"] {
        line_down(&app, &chat, &branch, wrong).await.expect(422);
    }
    let stranger = app.chat();
    for (who, line) in [(&stranger, &branch), (&chat, &unknown())] {
        let refused = line_down(&app, who, line, "&depth=1").await.expect(404);
        assert_eq!(refused.code(), "branch_not_found");
    }
}

#[tokio::test]
async fn nothing_is_stored_where_the_chat_or_the_branch_is_gone() {
    let app = spawn_undoable_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let branch = chat.fork(&first["response_id"]).await;
    chat.delete_branch(&branch, "").await.expect(200);
    let refused = async |body: &Value, code: &str| {
        for placement in ["append", "fork"] {
            let mut body = body.clone();
            body["placement"] = json!(placement);
            let id = unknown();
            assert_eq!(put(&app, &id, &body).await.expect(404).code(), code);
            chat.get_message(&json!(id)).await.expect(404);
        }
    };
    refused(&answer(&chat, &json!(branch), &first["response_id"]), "branch_not_found").await;
    refused(&answer(&chat, &json!(unknown()), &first["response_id"]), "branch_not_found").await;
    refused(&answer(&chat, &json!(chat.id), &json!(unknown())), "message_not_found").await;
    assert_eq!(chat.tree(&chat.id).await["branches"].as_array().unwrap().len(), 1);
    chat.restore_branch(&branch).await.expect(200);
    assert_eq!(chat.line(&branch).await, ["1"]);

    let alive = answer(&chat, &json!(chat.id), &first["response_id"]);
    let mut foreign = alive.clone();
    foreign["owner"] = json!(UserId::generate());
    refused(&foreign, "chat_not_found").await;
    let mut strange = alive.clone();
    strange["chat_id"] = json!(unknown());
    refused(&strange, "chat_not_found").await;
    app.put_state(&chat, "state=deleted&purge_at=2100-01-01T00:00:00Z&number=1").await.expect(200);
    refused(&alive, "chat_not_found").await;
    let question = json!({"owner": chat.user, "chat_id": chat.id});
    assert_eq!(place(&app, &question).await.expect(404).code(), "chat_not_found");
    app.put_state(&chat, "state=alive&number=2").await.expect(200);
    assert_eq!(chat.line(&chat.id).await, ["1"]);
    put(&app, &unknown(), &alive).await.expect(200);
    app.clock.advance(DAY);
    app.delete_chat(&chat).await.expect(200);
    refused(&alive, "chat_not_found").await;
    // A chat that its service has deleted, and of which nothing is known here.
    let gone = app.chat();
    app.delete_in_chat_service(&gone);
    let body = answer(&gone, &json!(gone.id), &Value::Null);
    assert_eq!(put(&app, &unknown(), &body).await.expect(404).code(), "chat_not_found");
}

#[tokio::test]
async fn ids_of_other_users_are_not_found() {
    let app = spawn_app().await;
    let (chat, stranger) = (app.chat(), app.chat());
    let (own, theirs) = (chat.say(&chat.id, "1").await, stranger.say(&stranger.id, "x").await);
    let body = answer(&chat, &json!(chat.id), &own["response_id"]);
    let taken = put(&app, &text(&theirs["response_id"]), &body).await.expect(404);
    assert_eq!(taken.code(), "message_not_found");
    assert_eq!(stranger.get_message(&theirs["response_id"]).await.expect(200).json(), theirs);
    for (branch, parent, code) in [
        (&stranger.id, &own["response_id"], "branch_not_found"),
        (&chat.id, &theirs["response_id"], "message_not_found"),
    ] {
        let body = answer(&chat, &json!(branch), parent);
        assert_eq!(put(&app, &unknown(), &body).await.expect(404).code(), code);
        let body = json!({
            "owner": chat.user, "chat_id": chat.id, "branch_id": branch, "parent_response_id": parent
        });
        assert_eq!(place(&app, &body).await.expect(404).code(), code);
    }
    let service = app.as_answer_service();
    let path = format!("/internal/messages/{}?owner={}", text(&theirs["response_id"]), chat.user);
    assert_eq!(service.get(&path).await.expect(404).code(), "message_not_found");
    let path = format!("{path}&chat_id={}", stranger.id);
    assert_eq!(service.get(&path).await.expect(404).code(), "chat_not_found");
    assert_eq!(chat.line(&chat.id).await, ["1"]);
}

#[tokio::test]
async fn only_the_answer_service_is_let_in() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let id = text(&first["response_id"]);
    let body = answer(&chat, &json!(chat.id), &first["response_id"]);
    let routes = [
        (Method::POST, "/internal/lines/place".to_owned(), Some(body.to_string())),
        (Method::PUT, format!("/internal/answers/{}", unknown()), Some(body.to_string())),
        (Method::GET, format!("/internal/lines/{}/messages?owner={}&depth=1", chat.id, chat.user), None),
        (Method::GET, format!("/internal/messages/{id}?owner={}", chat.user), None),
        (
            Method::PUT,
            "/internal/living-messages".to_owned(),
            Some(json!({"response_ids": [id, unknown()]}).to_string()),
        ),
    ];
    for (method, path, body) in routes {
        for client in [&app.client, &chat.client, &app.as_chat_service()] {
            client.send(method.clone(), &path, body.clone()).await.expect(401);
        }
        app.as_answer_service().send(method, &path, body).await.expect(200);
    }
    assert_eq!(chat.line(&chat.id).await, ["1", "q"]);
}

#[tokio::test]
async fn every_invalid_field_of_an_answer_is_reported() {
    let app = spawn_app().await;
    let chat = app.chat();
    let wrong = async |body: Value| {
        let mut errors = put(&app, &unknown(), &body).await.expect(422).field_errors();
        errors.sort_unstable();
        errors
    };
    let missing = ["branch_id", "chat_id", "generation", "owner", "parent_response_id", "placement"];
    let missing = missing.into_iter().chain(["question", "response"]);
    let missing: Vec<_> = missing.map(|field| format!("missing body.{field}")).collect();
    assert_eq!(wrong(json!({})).await, missing);
    let mut body = answer(&chat, &json!(chat.id), &Value::Null);
    for (field, value) in [
        ("generation", json!([])),
        ("input_items", json!({})),
        ("output_items", json!(["x".repeat(1 << 20)])),
        ("placement", json!("x")),
        ("activate", json!(1)),
    ] {
        body[field] = value;
    }
    assert_eq!(
        wrong(body).await,
        [
            "bool_type body.activate",
            "dict_type body.generation",
            "enum body.placement",
            "list_type body.input_items",
            "too_long body.output_items"
        ]
    );
    // Neither text is needed.
    let mut body = answer(&chat, &json!(chat.id), &Value::Null);
    (body["question"], body["response"]) = (json!(""), json!(""));
    put(&app, &unknown(), &body).await.expect(200);
}
