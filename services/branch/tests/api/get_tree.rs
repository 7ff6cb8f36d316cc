use crate::app::{spawn_app, text, unknown};
use serde_json::{Value, json};

#[tokio::test]
async fn a_chat_is_read_as_a_tree_in_pages() {
    let app = spawn_app().await;
    let chat = app.chat();
    let path = |id: &str, query: &str| format!("/api/v1/messages/get-tree?chat_id={id}{query}");
    let empty = chat.client.get(&path(&chat.id, "")).await.expect(200);
    assert_eq!((empty.json(), empty.next()), (json!([]), None));
    let first = chat.say(&chat.id, "1").await;
    let second = chat.say(&chat.id, &"é".repeat(81)).await;
    let fork = chat.fork(&first["response_id"]).await;
    let third = chat.say(&fork, "").await;
    let nodes = [&first, &second, &third].map(|message| {
        json!({
            "response_id": message["response_id"], "parent_response_id": message["parent_response_id"],
            "branch_id": message["branch_id"], "depth": message["depth"], "timestamp": message["timestamp"],
            "version": message["version"],
        })
    });

    // A branch's id stands for its chat.
    for id in [&chat.id, &fork] {
        assert_eq!(chat.client.get(&path(id, "")).await.expect(200).json(), json!(nodes));
    }
    let previews = chat.client.get(&path(&chat.id, "&preview=true")).await.expect(200).json();
    let previews: Vec<_> = previews.as_array().unwrap().iter().map(|node| text(&node["preview"])).collect();
    assert_eq!(previews, ["1", &"é".repeat(80), "!"]);

    let mut seen = Vec::new();
    let mut next = Some(path(&chat.id, "&limit=1&preview=false"));
    while let Some(at) = next {
        let page = chat.client.get(&at).await.expect(200);
        seen.extend(page.json().as_array().unwrap().clone());
        next = page.next();
        assert!(next.as_ref().is_none_or(|next| next.contains("preview=false")), "{next:?}");
    }
    assert_eq!(Value::from(seen), json!(nodes));
}

#[tokio::test]
async fn invalid_input_is_a_422_and_missing_chats_are_a_404() {
    let app = spawn_app().await;
    let (chat, stranger) = (app.chat(), app.chat());
    chat.say(&chat.id, "1").await;
    let get = async |query: &str| chat.client.get(&format!("/api/v1/messages/get-tree?{query}")).await;
    assert_eq!(
        get("limit=0&preview=x&cursor=x").await.expect(422).field_errors(),
        [
            "missing query.chat_id",
            "greater_than_equal query.limit",
            "bool_parsing query.preview",
            "value_error query.cursor"
        ]
    );
    for id in [&stranger.id, &unknown()] {
        assert_eq!(get(&format!("chat_id={id}")).await.expect(404).code(), "chat_not_found");
    }
}
