//! Deleting for a while and restoring: what they cost against the messages that are deleted, and the deletions of a chat.

use crate::bench::Bench;
use crate::figures::{head, in_turn, rows};
use reqwest::Method;
use shared::clock::Clock;
use shared::ids::{BranchId, ChatId};
use shared::service::Service;
use shared_test_kit::token_keys;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const MESSAGES: [usize; 3] = [100, 10_000, 100_000];
const DELETIONS: [usize; 3] = [100, 1_000, 10_000];
pub const UNDO_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// A chat, and a branch of it that is deleted and restored.
struct Place {
    size: usize,
    chat: ChatId,
    branch: BranchId,
    /// The number of the last change of the chat's state.
    state_number: AtomicI64,
}

impl Place {
    fn new(size: usize, chat: ChatId, branch: BranchId) -> Self {
        Self { size, chat, branch, state_number: AtomicI64::new(0) }
    }
}

pub async fn run(bench: &Bench) {
    let mut lines = Vec::new();
    for size in MESSAGES {
        let chat = bench.chat().await;
        bench.say(chat, chat.trunk()).await;
        let branch = bench.fork_from(chat, None).await;
        bench.say(chat, branch).await;
        bench.lengthen(branch, size).await;
        lines.push(Place::new(size, chat, branch));
    }
    head(&format!("{}: messages of a branch that is deleted", bench.engine));
    operations(bench, &lines).await;
    let mut trees = Vec::new();
    for size in DELETIONS {
        let chat = bench.chat().await;
        let from = bench.say(chat, chat.trunk()).await;
        for branch in bench.fork_often(chat, from, size).await {
            bench.store.delete_branch(bench.user, branch, false).await.unwrap();
        }
        trees.push(Place::new(size, chat, bench.fork_from(chat, Some(from)).await));
    }
    head(&format!("{}: deletions of a chat that can be undone", bench.engine));
    let list = async |at: &Place| {
        bench.get(&format!("/api/v1/branches/deleted-branches?chat_id={}&limit=50", at.chat)).await;
    };
    measure("deleted-branches, 50", &trees, list).await;
    operations(bench, &trees).await;
}

async fn operations(bench: &Bench, places: &[Place]) {
    let branch = async |at: &Place| {
        bench.client.delete(&format!("/api/v1/branches/delete-branch/{}", at.branch)).await.expect(200);
        bench
            .client
            .send(Method::POST, &format!("/api/v1/branches/restore-branch/{}", at.branch), None)
            .await
            .expect(200);
    };
    measure("branch: delete, restore", places, branch).await;
    let chat = async |at: &Place| {
        bench.set_chat_state(at, "deleted").await;
        bench.set_chat_state(at, "alive").await;
    };
    measure("chat: delete, restore", places, chat).await;
    let destroy = async |at: &Place| {
        let branch = bench.fork_from(at.chat, None).await;
        let path = format!("/api/v1/branches/delete-branch/{branch}?permanent=true");
        bench.client.delete(&path).await.expect(200);
    };
    measure("branch: fork, destroy", places, destroy).await;
}

impl Bench {
    /// Changes the state of a chat as the chat service does.
    async fn set_chat_state(&self, at: &Place, state: &str) {
        let token = token_keys(&Clock::system()).issue_for_service(Service::Chat, Service::Branch).unwrap();
        let (number, now) = (at.state_number.fetch_add(1, Ordering::Relaxed), Clock::system().now());
        let path = format!(
            "/internal/chats/{}/state?owner={}&created_at={}&state={state}&number={number}&purge_at={}",
            at.chat,
            self.user,
            now,
            now.plus(UNDO_WINDOW),
        );
        self.client.with_token(&token).send(Method::PUT, &path, None).await.expect(200);
    }
}

async fn measure(operation: &str, places: &[Place], ours: impl AsyncFn(&Place)) {
    let sizes: Vec<_> = places.iter().map(|place| place.size).collect();
    rows(operation, &sizes, &in_turn(places, ours, async |_| false).await);
}
