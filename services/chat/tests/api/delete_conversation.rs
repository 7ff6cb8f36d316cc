//! `DELETE /conversations/{id}`

use crate::app::{column, spawn_app};
use shared::ids::ConversationId;

#[tokio::test]
async fn a_deleted_record_is_no_longer_listed_and_its_chat_remains() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("x").await;
    let (one, two) = (ann.conversation(&chat, "one").await, ann.conversation(&chat, "two").await);
    let answer = ann.delete_conversation(&one.to_uppercase()).await.expect(200);
    assert_eq!(answer.json()["msg"], "Conversation deleted");

    let list = ann.get_conversations(&format!("?chat_id={chat}")).await.expect(200);
    assert_eq!(column(&list, "id"), [two]);
    ann.get_chat(&chat).await.expect(200);
    assert_eq!(ann.delete_conversation(&one).await.expect(404).code(), "conversation_not_found");
    assert!(app.deliveries().await.is_empty());
}

#[tokio::test]
async fn another_users_record_is_a_404_and_stays() {
    let app = spawn_app().await;
    let (ann, bob) = (app.user(), app.user());
    let chat = ann.chat("x").await;
    let record = ann.conversation(&chat, "one").await;
    assert_eq!(bob.delete_conversation(&record).await.expect(404).code(), "conversation_not_found");
    bob.delete_conversation(&ConversationId::generate().to_string()).await.expect(404);

    let answer = bob.delete_conversation("x").await.expect(422);
    assert_eq!(answer.field_errors(), ["uuid_parsing path.id"]);
    ann.delete_conversation(&format!("{}/", record.replace('-', ""))).await.expect(200);
}
