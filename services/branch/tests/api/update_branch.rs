use crate::app::{spawn_app, unknown};
use serde_json::{Value, json};

#[tokio::test]
async fn a_branch_is_named_renamed_and_unnamed() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let fork = chat.fork(&first["response_id"]).await;
    for name in [json!("x"), json!("é".repeat(200)), Value::Null] {
        let branch = chat.rename(&fork, &json!({"name": name})).await.expect(200).json();
        assert_eq!((&branch["name"], &branch["branch_id"]), (&name, &json!(fork)));
        assert_eq!(chat.tree(&fork).await["branches"][0], branch);
    }
    // A trunk has a name, too, even before its chat was heard of.
    let other = app.chat_of(chat.user);
    assert_eq!(chat.rename(&other.id, &json!({"name": "trunk"})).await.expect(200).json()["name"], "trunk");
}

#[tokio::test]
async fn each_field_changes_by_itself() {
    let app = spawn_app().await;
    let chat = app.chat();
    let tags = json!(["b", "a", "A"]);
    let mut before = chat.rename(&chat.id, &json!({})).await.expect(200).json();
    for (field, value) in [("name", json!("n")), ("tags", tags), ("archived", json!(true))] {
        let branch = chat.rename(&chat.id, &json!({field: value})).await.expect(200).json();
        before[field] = value;
        assert_eq!(branch, before);
        assert_eq!(chat.rename(&chat.id, &json!({})).await.expect(200).json(), before);
    }
    assert_eq!(chat.tree(&chat.id).await["branches"][0], before);
    let cleared = json!({"name": null, "tags": [], "archived": false});
    let branch = chat.rename(&chat.id, &cleared).await.expect(200).json();
    assert_eq!(
        [&branch["name"], &branch["tags"], &branch["archived"]],
        [&Value::Null, &json!([]), &json!(false)]
    );
    // It is written to as before.
    chat.say(&chat.id, "1").await;
}

#[tokio::test]
async fn invalid_input_is_a_422_and_missing_objects_are_a_404() {
    let app = spawn_app().await;
    let (chat, stranger) = (app.chat(), app.chat());
    let first = chat.say(&chat.id, "1").await;
    let fork = chat.fork(&first["response_id"]).await;
    for (body, error) in [
        (json!({"name": ""}), "string_too_short body.name"),
        (json!({"name": "x".repeat(201)}), "string_too_long body.name"),
        (json!({"name": "\0"}), "value_error body.name"),
        (json!({"tags": null}), "list_type body.tags"),
        (json!({"tags": ["a", "a"]}), "value_error body.tags"),
        (json!({"tags": (0..21).map(|tag| tag.to_string()).collect::<Vec<_>>()}), "too_long body.tags"),
        (json!({"tags": ["x".repeat(51)]}), "string_too_long body.tags"),
        (json!({"archived": null}), "bool_type body.archived"),
    ] {
        assert_eq!(chat.rename(&fork, &body).await.expect(422).field_errors(), [error]);
    }
    let wrong = chat.rename("x", &json!({"name": ""})).await.expect(422);
    assert_eq!(wrong.field_errors(), ["uuid_parsing path.branch_id"]);
    for branch in [&fork, &chat.id, &unknown()] {
        let answer = stranger.rename(branch, &json!({"name": "mine"})).await.expect(404);
        assert_eq!(answer.code(), "branch_not_found");
    }
    assert_eq!(chat.tree(&fork).await["branches"][0]["name"], Value::Null);
}
