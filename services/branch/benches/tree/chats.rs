//! Chats that are forked from others: what operations cost against the messages of the source, and the length of a chain of forks.

use crate::bench::{Bench, newest, text};
use crate::figures::{head, in_turn, rows};
use crate::places::response;
use branch::store::{ChatForkPoint, ChatForkRequest};
use serde_json::json;
use shared::clock::Clock;
use shared::ids::{ChatId, ResponseId};
use shared::service::Service;
use shared_test_kit::token_keys;

const MESSAGES: [usize; 3] = [100, 10_000, 100_000];
const CHAINS: [usize; 3] = [1, 100, 1_000];
/// The messages of the first chat of a chain.
const MESSAGES_OF_FIRST: usize = 100;

/// A chat that was forked from another.
struct Place {
    size: usize,
    chat: ChatId,
    /// The newest message that it inherits.
    inherited: ResponseId,
}

pub async fn run(bench: &Bench) {
    let mut forks = Vec::new();
    for size in MESSAGES {
        let source = bench.line(size).await;
        forks.push(fork(bench, size, source).await);
    }
    head(&format!("{}: messages that a forked chat inherits", bench.engine));
    operations(bench, &forks).await;
    let mut chains = Vec::new();
    for size in CHAINS {
        let mut last = bench.line(MESSAGES_OF_FIRST).await;
        for _ in 1..size {
            last = fork(bench, size, last).await.chat;
            bench.say(last, last.trunk()).await;
        }
        chains.push(fork(bench, size, last).await);
    }
    head(&format!("{}: chats of a chain of forks", bench.engine));
    operations(bench, &chains).await;
}

/// Forks a chat at its head, through the store.
async fn fork(bench: &Bench, size: usize, source: ChatId) -> Place {
    let newest = response(&bench.newest_messages(&source.to_string()).await[0]);
    let from = ChatForkPoint { chat: source, message: Some(newest) };
    let (chat, created_at) = (ChatId::generate(), Clock::system().now());
    let request = ChatForkRequest { chat, owner: bench.user, created_at, from };
    bench.store.fork_chat(&request).await.unwrap();
    Place { size, chat, inherited: newest }
}

async fn operations(bench: &Bench, places: &[Place]) {
    let get = async |path: String| drop(bench.get(&path).await);
    let token = token_keys(&Clock::system()).issue_for_service(Service::Chat, Service::Branch).unwrap();
    let service = bench.client.with_token(&token);
    let fork = async |at: &Place| {
        let path = format!("/internal/chats/{}/fork", ChatId::generate());
        let body = json!({
            "owner": bench.user, "created_at": Clock::system().now(), "source_chat_id": at.chat,
            "response_id": at.inherited,
        });
        service.put(&path, &body).await.expect(200);
    };
    measure("fork-chat", places, fork).await;
    let page = async |at: &Place| get(newest(&at.chat.to_string())).await;
    measure("page, newest", places, page).await;
    let oldest = async |at: &Place| get(format!("{}&order=asc", newest(&at.chat.to_string()))).await;
    measure("page, oldest", places, oldest).await;
    let message = async |at: &Place| {
        get(format!("/api/v1/messages/get-message/{}?chat_id={}", at.inherited, at.chat)).await;
    };
    measure("get-message, inherited", places, message).await;
    let tree =
        async |at: &Place| get(format!("/api/v1/messages/get-tree?chat_id={}&limit=50", at.chat)).await;
    measure("get-tree, first 50", places, tree).await;
    let list =
        async |at: &Place| get(format!("/api/v1/messages/all-messages?chat_id={}&limit=50", at.chat)).await;
    measure("all-messages, chat", places, list).await;
    measure("append", places, async |at| bench.append(&at.chat.to_string()).await).await;
    let edit = async |at: &Place| {
        let body =
            json!({"response_id": at.inherited, "chat_id": at.chat, "response": "again", "activate": false});
        bench.client.post("/api/v1/messages/edit-message", &body).await.expect(201);
    };
    measure("edit, inherited", places, edit).await;
    let delete = async |at: &Place| {
        let body = json!({"original_chat_id": at.chat, "branch_from_response_id": at.inherited});
        let made = bench.client.post("/api/v1/branches/create-branch", &body).await.expect(201).json();
        let path = format!("/api/v1/branches/delete-branch/{}", text(&made, "branch_id"));
        bench.client.delete(&path).await.expect(200);
    };
    measure("fork and delete a branch", places, delete).await;
}

async fn measure(operation: &str, places: &[Place], ours: impl AsyncFn(&Place)) {
    let sizes: Vec<_> = places.iter().map(|place| place.size).collect();
    rows(operation, &sizes, &in_turn(places, ours, async |_| false).await);
}
