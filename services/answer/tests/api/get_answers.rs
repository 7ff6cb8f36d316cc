//! `GET /answers/get-answers`

use crate::app::{ANSWERS, chat, endless, spawn_app, text};

#[tokio::test]
async fn a_list_has_at_most_8_mib() {
    let app = spawn_app().await;
    let ann = app.user();
    let question = format!("[[stall:after=0]]{}", "x".repeat((1 << 20) - 100));
    for _ in 0..10 {
        ann.ask(&chat(), &question).await;
    }
    let list = ann.client.get(&format!("{ANSWERS}/get-answers")).await.expect(200).json();
    assert_eq!(list.as_array().unwrap().len(), 8);
}

#[tokio::test]
async fn answers_that_are_under_way_are_listed() {
    let app = spawn_app().await;
    let (one, other) = (chat(), chat());
    let ann = app.user();
    let first = ann.ask(&one, &endless()).await;
    let second = ann.ask(&other, &endless()).await;
    ann.begun(&first).await;
    let list = async |query: &str| {
        let answer = ann.client.get(&format!("{ANSWERS}/get-answers{query}")).await.expect(200).json();
        answer
            .as_array()
            .unwrap()
            .iter()
            .map(|answer| text(&answer["response_id"]).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(list("").await, [second.clone(), first.clone()]);
    assert_eq!(list(&format!("?state=running&chat_id={one}")).await, [first]);
    ann.client.get(&format!("{ANSWERS}/get-answers?state=all")).await.expect(422);
    assert!(
        app.stranger()
            .client
            .get(&format!("{ANSWERS}/get-answers"))
            .await
            .json()
            .as_array()
            .unwrap()
            .is_empty()
    );
}
