use crate::app::{spawn_app, text, unknown};
use serde_json::{Value, json};
use std::time::Duration;

fn ids(branches: &Value) -> Vec<String> {
    branches.as_array().unwrap().iter().map(|branch| text(&branch["branch_id"])).collect()
}

#[tokio::test]
async fn a_chat_without_messages_is_its_trunk() {
    let app = spawn_app().await;
    let chat = app.chat();
    let tree = chat.tree(&chat.id).await;
    assert_eq!((&tree["chat_id"], &tree["active_branch_id"]), (&json!(chat.id), &json!(chat.id)));
    assert_eq!(tree["children"], json!([]));
    let trunk = json!({
        "branch_id": chat.id, "root_chat_id": chat.id, "parent_branch_id": null, "forked_from_response_id": null,
        "fork_depth": 0, "name": null, "message_count": 0, "head_response_id": null,
        "first_response_id": null, "preview": null, "last_message_at": null, "tags": [], "archived": false,
        "created_at": "2026-01-31T12:00:00.123456Z", "active": true
    });
    assert_eq!(tree["branches"], json!([trunk]));
}

#[tokio::test]
async fn parents_come_first_and_then_by_time() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let mut level_one = Vec::new();
    let mut level_two = Vec::new();
    for _ in 0..3 {
        app.clock.advance(Duration::from_micros(1));
        let fork = chat.fork(&first["response_id"]).await;
        app.clock.advance(Duration::from_micros(1));
        let second = chat.say(&fork, "2").await;
        level_two.push(chat.fork(&second["response_id"]).await);
        level_one.push(fork);
    }
    chat.activate(&chat.id, &level_two[1]).await.expect(200);
    let tree = chat.tree(&chat.id).await;
    let expected = [vec![chat.id.clone()], level_one.clone(), level_two.clone()].concat();
    assert_eq!(ids(&tree["branches"]), expected);
    assert_eq!(tree["children"], json!(level_one));
    assert_eq!(tree["active_branch_id"], level_two[1]);
    let active: Vec<_> =
        tree["branches"].as_array().unwrap().iter().filter(|b| b["active"] == true).collect();
    assert_eq!(text(&active[0]["branch_id"]), level_two[1]);
    assert_eq!(tree["branches"][1]["message_count"], 1);
    assert_eq!(tree["branches"][4]["message_count"], 0);
    assert_eq!(tree["branches"][4]["head_response_id"], tree["branches"][1]["head_response_id"]);

    // A branch is asked for by its own id: the node itself, and what is below it.
    let tree = chat.tree(&level_one[1]).await;
    assert_eq!(tree["chat_id"], level_one[1]);
    assert_eq!(
        (&tree["children"], tree["active_branch_id"].clone()),
        (&json!([level_two[1]]), json!(level_two[1]))
    );
    assert_eq!(ids(&tree["branches"]), [&level_one[1], &level_two[1]].map(String::as_str));
}

#[tokio::test]
async fn the_branches_come_in_pages_and_the_children_on_each() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let fork = chat.fork(&first["response_id"]).await;
    let second = chat.say(&fork, "2").await;
    for response in [&first, &first, &second, &second] {
        chat.fork(&response["response_id"]).await;
    }
    for (node, count, children) in [(&chat.id, 6, 3), (&fork, 3, 2)] {
        let whole = chat.tree(node).await;
        let mut seen = Vec::new();
        let mut path = Some(format!("/api/v1/branches/get-branches/?chat_id={node}&limit=2"));
        while let Some(at) = path {
            let page = chat.client.get(&at).await.expect(200);
            assert!(page.json()["branches"].as_array().unwrap().len() <= 2);
            assert_eq!(page.json()["children"].as_array().unwrap().len(), children);
            seen.extend(ids(&page.json()["branches"]));
            path = page.next();
        }
        assert_eq!(seen, ids(&whole["branches"]));
        assert_eq!(seen.len(), count);
    }
}

#[tokio::test]
async fn a_branch_shows_its_own_messages() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, &"é".repeat(81)).await;
    app.clock.advance(Duration::from_secs(1));
    let second = chat.say(&chat.id, "2").await;
    let fork = chat.fork(&first["response_id"]).await;
    let tree = chat.tree(&chat.id).await;
    let trunk = &tree["branches"][0];
    assert_eq!(trunk["first_response_id"], first["response_id"]);
    assert_eq!(
        (&trunk["preview"], &trunk["last_message_at"]),
        (&json!("é".repeat(80)), &second["timestamp"])
    );
    let own = ["first_response_id", "preview", "last_message_at"].map(|field| &tree["branches"][1][field]);
    assert_eq!((&tree["branches"][1]["branch_id"], own), (&json!(fork), [&Value::Null; 3]));
}

#[tokio::test]
async fn branches_are_filtered_by_tag_and_archive_on_every_page() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let mut forks = Vec::new();
    for _ in 0..6 {
        forks.push(chat.fork(&first["response_id"]).await);
        app.clock.advance(Duration::from_micros(1));
    }
    for (number, fork) in forks.iter().enumerate() {
        let change = json!({"tags": if number % 2 == 0 { json!(["é&", "x"]) } else { json!(["x"]) }, "archived": number < 4});
        chat.rename(fork, &change).await.expect(200);
    }
    for (query, expected) in [
        ("tag=%C3%A9%26", vec![0, 2, 4]),
        ("archived=true", vec![0, 1, 2, 3]),
        ("archived=false&tag=x", vec![4, 5]),
        ("tag=X", vec![]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|number: usize| forks[number].clone()).collect();
        let path = format!("/api/v1/branches/get-branches?chat_id={}&{query}&limit=", chat.id);
        let mut seen = Vec::new();
        let mut next = Some(format!("{path}2"));
        while let Some(at) = next {
            let page = chat.client.get(&at).await.expect(200);
            assert_eq!(page.json()["children"], json!(forks));
            seen.extend(ids(&page.json()["branches"]));
            next = page.next();
            assert!(next.as_ref().is_none_or(|next| next.contains(query)), "{next:?}");
        }
        assert_eq!(seen, expected, "{query}");
        assert_eq!(
            ids(&chat.client.get(&format!("{path}9999")).await.expect(200).json()["branches"]),
            expected
        );
    }
    let wrong = format!("/api/v1/branches/get-branches?chat_id={}&tag=&archived=x", chat.id);
    let wrong = chat.client.get(&wrong).await.expect(422);
    assert_eq!(wrong.field_errors(), ["string_too_short query.tag", "bool_parsing query.archived"]);
}

#[tokio::test]
async fn invalid_input_is_a_422_and_missing_objects_are_a_404() {
    let app = spawn_app().await;
    let (chat, stranger) = (app.chat(), app.chat());
    let first = chat.say(&chat.id, "1").await;
    let fork = chat.fork(&first["response_id"]).await;
    let get = async |query: &str| chat.client.get(&format!("/api/v1/branches/get-branches?{query}")).await;
    assert_eq!(
        get("limit=-1").await.expect(422).field_errors(),
        ["missing query.chat_id", "greater_than_equal query.limit"]
    );
    let page = get(&format!("chat_id={}&limit=1", chat.id)).await.expect(200);
    let next = page.next().unwrap();
    let (_, cursor) = next.split_once("cursor=").unwrap();
    let wrong = get(&format!("chat_id={fork}&cursor={cursor}")).await.expect(422);
    assert_eq!(wrong.field_errors(), ["value_error query.cursor"]);
    for id in [&stranger.id, &unknown()] {
        assert_eq!(get(&format!("chat_id={id}")).await.expect(404).code(), "chat_not_found");
    }
}
