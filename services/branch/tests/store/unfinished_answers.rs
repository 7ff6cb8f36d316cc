//! Answers whose store has died half-way, on MongoDB.

use crate::answers::{answer, fork, read};
use crate::kit::{Chat, Kit, refused, sweep};
use crate::rows::{count_messages, mongo};
use crate::undo::{delete, undoable_chat};
use branch::domain::{Message, branch_instead_of};
use branch::store::AnswerRequest;
use mongodb::Collection;
use mongodb::bson::{Document, doc};
use shared::ids::BranchId;

/// An answer on a branch that is not inserted yet, whose message is due at this time.
async fn unfinished(kit: &Kit, chat: &Chat, due: i64) -> (AnswerRequest, Message) {
    let first = chat.say(chat.trunk(), "1").await;
    let request = fork(chat, chat.trunk(), Some(&first));
    let stored = kit.store.store_answer(request.clone()).await.unwrap();
    let database = mongo(kit).await;
    let messages = database.collection::<Document>("messages");
    wait_until_at_rest(&messages, &stored).await;
    let branch = doc! {"_id": stored.branch.to_string()};
    let removed = database.collection::<Document>("branches").delete_one(branch).await.unwrap();
    let message = doc! {"_id": stored.id.to_string()};
    let due = doc! {"$set": {"due": due}};
    let marked = messages.update_one(message, due).await.unwrap();
    assert_eq!((removed.deleted_count, marked.matched_count), (1, 1));
    database.client().clone().shutdown().await;
    (request, stored)
}

/// Waits for what is written behind the store of an answer on a branch of its own: it would finish it.
async fn wait_until_at_rest(messages: &Collection<Document>, stored: &Message) {
    let at_rest = doc! {"_id": stored.id.to_string(), "due": {"$exists": false}};
    while messages.find_one(at_rest.clone()).await.unwrap().is_none() {}
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
    sweep(&store).await;
    assert_eq!(kit.count_messages().await, 1);
    for store in [store, kit.replica().await] {
        let again = store.store_answer(request.clone()).await.unwrap();
        is_whole(&chat, &again, branch_instead_of(stored.branch)).await;
    }
}

/// Changes one document of a collection.
async fn change(kit: &Kit, collection: &str, id: String, change: Document) {
    let database = mongo(kit).await;
    let changed = database.collection::<Document>(collection).update_one(doc! {"_id": id}, change).await;
    assert_eq!(changed.unwrap().matched_count, 1);
    database.client().clone().shutdown().await;
}

async fn count_provisional(kit: &Kit) -> i64 {
    count_messages(kit, "", doc! {"provisional": true}).await
}

/// An answer at the end of a branch whose store has died before it was confirmed.
async fn unconfirmed(kit: &Kit, chat: &Chat) -> (AnswerRequest, Message) {
    let first = chat.say(chat.trunk(), "1").await;
    let request = answer(chat, chat.fork(first.id).await, Some(&first));
    let stored = chat.store.store_answer(request.clone()).await.unwrap();
    assert_eq!((stored.branch, count_provisional(kit).await), (request.branch, 0));
    change(kit, "messages", stored.id.to_string(), doc! {"$set": {"provisional": true}}).await;
    forget_hints(kit, &first, &stored).await;
    (request, stored)
}

/// Sets the hints of a branch back to the message that it forks from. They are written once its first message is confirmed.
async fn forget_hints(kit: &Kit, forked_from: &Message, message: &Message) {
    let database = mongo(kit).await;
    let branches = database.collection::<Document>("branches");
    let id = message.id.to_string();
    let hinted = doc! {"_id": message.branch.to_string(), "head": &id, "first": &id};
    while branches.find_one(hinted.clone()).await.unwrap().is_none() {}
    database.client().clone().shutdown().await;
    let head = doc! {"head": forked_from.id.to_string(), "head_depth": forked_from.depth};
    let first = doc! {"head_time": "", "first": "", "first_at": "", "preview": ""};
    change(kit, "branches", message.branch.to_string(), doc! {"$set": head, "$unset": first}).await;
}

pub async fn an_answer_that_is_not_confirmed_goes_with_its_line(kit: &Kit) {
    let chat = undoable_chat(kit).await;
    let (request, stored) = unconfirmed(kit, &chat).await;
    delete(&chat, stored.branch).await;
    refused!(kit.replica().await.store_answer(request.clone()).await, MessageNotFound);
    chat.store.restore_branch(chat.owner, stored.branch).await.unwrap();
    assert_eq!((chat.line(stored.branch).await, read(&chat, stored.id).await), (vec!["1".to_owned()], None));
    // One that was answered comes back.
    let again = chat.store.store_answer(request.clone()).await.unwrap();
    delete(&chat, again.branch).await;
    refused!(chat.store.store_answer(request).await, MessageNotFound);
    chat.store.restore_branch(chat.owner, again.branch).await.unwrap();
    assert_eq!(chat.line(again.branch).await, ["1", "q"]);
}

pub async fn what_follows_an_answer_confirms_it(kit: &Kit) {
    let chat = undoable_chat(kit).await;
    let (request, stored) = unconfirmed(kit, &chat).await;
    chat.through(&kit.replica().await).say(stored.branch, "2").await;
    assert_eq!(count_provisional(kit).await, 0);
    change(kit, "messages", stored.id.to_string(), doc! {"$set": {"provisional": true}}).await;
    assert_eq!(chat.store.store_answer(request).await.unwrap().id, stored.id);
    assert_eq!(count_provisional(kit).await, 0);
    // A fork does so by its mark.
    let (request, stored) = unconfirmed(kit, &undoable_chat(kit).await).await;
    let chat = Chat { id: stored.chat, owner: request.owner, ..chat };
    chat.fork(stored.id).await;
    delete(&chat, stored.branch).await;
    refused!(chat.store.store_answer(request).await, MessageNotFound);
    chat.store.restore_branch(chat.owner, stored.branch).await.unwrap();
    assert_eq!(chat.line(stored.branch).await, ["1", "q"]);
}

/// A branch, and the answer on another branch at its parent, whose store has died before it was completed.
async fn uncompleted(kit: &Kit, chat: &Chat) -> (AnswerRequest, Message) {
    let first = chat.say(chat.trunk(), "1").await;
    let request = fork(chat, chat.fork(first.id).await, Some(&first));
    let stored = chat.store.store_answer(request.clone()).await.unwrap();
    let database = mongo(kit).await;
    wait_until_at_rest(&database.collection("messages"), &stored).await;
    database.client().clone().shutdown().await;
    let under_way = doc! {"state": "forking", "due": 1_i64, "line": request.branch.to_string()};
    change(kit, "branches", stored.branch.to_string(), doc! {"$set": under_way}).await;
    change(kit, "messages", stored.id.to_string(), doc! {"$set": {"due": 1_i64}}).await;
    (request, stored)
}

pub async fn an_answer_on_a_branch_under_way_goes_with_its_line(kit: &Kit) {
    for is_swept in [false, true] {
        let chat = undoable_chat(kit).await;
        let (request, stored) = uncompleted(kit, &chat).await;
        delete(&chat, request.branch).await;
        if is_swept {
            chat.sweep().await;
        } else {
            let refused = kit.replica().await.store_answer(request.clone()).await;
            assert!(refused.unwrap_err().is_not_found());
        }
        chat.store.restore_branch(chat.owner, request.branch).await.unwrap();
        assert_eq!((chat.node(stored.branch).await, read(&chat, stored.id).await), (None, None));
        assert_eq!(chat.tree(chat.trunk()).await.len(), 2);
    }
    // Where its line lives it is completed.
    let chat = undoable_chat(kit).await;
    let (request, stored) = uncompleted(kit, &chat).await;
    assert_eq!(chat.store.store_answer(request).await.unwrap().id, stored.id);
    chat.sweep().await;
    assert_eq!(chat.line(stored.branch).await, ["1", "q"]);
}
