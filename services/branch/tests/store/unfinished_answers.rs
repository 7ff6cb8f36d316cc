//! Answers whose store has died half-way, on MongoDB.

use crate::answers::fork;
use crate::kit::{Chat, Kit};
use crate::rows::mongo;
use branch::domain::{Message, branch_instead_of};
use branch::store::AnswerRequest;
use mongodb::bson::{Document, doc};
use shared::ids::BranchId;

/// An answer on a branch that is not inserted yet, whose message is due at this time.
async fn unfinished(kit: &Kit, chat: &Chat, due: i64) -> (AnswerRequest, Message) {
    let first = chat.say(chat.trunk(), "1").await;
    let request = fork(chat, chat.trunk(), Some(&first));
    let stored = kit.store.store_answer(request.clone()).await.unwrap();
    let database = mongo(kit).await;
    let messages = database.collection::<Document>("messages");
    // What is written behind its answer would finish it.
    let at_rest = doc! {"_id": stored.id.to_string(), "due": {"$exists": false}};
    while messages.find_one(at_rest.clone()).await.unwrap().is_none() {}
    let branch = doc! {"_id": stored.branch.to_string()};
    let removed = database.collection::<Document>("branches").delete_one(branch).await.unwrap();
    let message = doc! {"_id": stored.id.to_string()};
    let due = doc! {"$set": {"due": due}};
    let marked = messages.update_one(message, due).await.unwrap();
    assert_eq!((removed.deleted_count, marked.matched_count), (1, 1));
    database.client().clone().shutdown().await;
    (request, stored)
}

async fn is_whole(chat: &Chat, stored: &Message, branch: BranchId) {
    assert_eq!(stored.branch, branch);
    assert_eq!(chat.line(branch).await, ["1", "q"]);
    assert_eq!(chat.tree(chat.trunk()).await.len(), 2);
}

pub async fn a_repeated_store_finishes_an_answer(kit: &Kit) {
    let chat = kit.chat().await;
    let (request, stored) = unfinished(kit, &chat, i64::MAX).await;
    for store in [kit.replica().await, kit.replica().await] {
        let again = store.store_answer(request.clone()).await.unwrap();
        is_whole(&chat, &again, stored.branch).await;
    }
}

pub async fn an_answer_is_stored_again_after_its_branch_was_given_up(kit: &Kit) {
    let chat = kit.chat().await;
    let (request, stored) = unfinished(kit, &chat, 1).await;
    // A tombstone takes the place of the branch, and the message is deleted.
    let store = kit.replica().await;
    while store.sweep().await.unwrap() {}
    assert_eq!(kit.count_messages().await, 1);
    for store in [store, kit.replica().await] {
        let again = store.store_answer(request.clone()).await.unwrap();
        is_whole(&chat, &again, branch_instead_of(stored.branch)).await;
    }
}
