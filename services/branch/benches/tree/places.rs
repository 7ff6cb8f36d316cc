//! Lines, trees and nests to measure at, made through the store or, where there are very many messages, in bulk.

use crate::bench::{Bench, Engine, QUESTION, RESPONSE, text};
use crate::raw::{PAGE, RawPlace};
use crate::sql;
use branch::domain::{AnswerDetails, ExpectedHead, Metadata, OnHeadMoved, Question, Response};
use branch::store::{AppendRequest, ForkRequest, NewTrunk};
use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use shared::clock::Clock;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared::validation::TextField;
use std::time::Duration;

/// How many forks are made at once.
const AT_ONCE: usize = 16;

/// A line of a chat, and what there is to ask about it.
pub struct Place {
    /// How large it is, in what is compared.
    pub size: usize,
    pub chat: String,
    pub branch: String,
    /// The response that forks are made from.
    pub fork_from: String,
    /// A branch that forks from it.
    pub sibling: String,
    /// The path of a page in the middle of the line.
    pub middle: String,
    /// The path of a page in the middle of all messages of the chat.
    pub tree_middle: String,
    /// What the driver reads and writes.
    pub raw: Option<RawPlace>,
    /// The trunk's last depth when it was made.
    pub trunk_length: i64,
}

impl Bench {
    /// A chat without messages.
    pub async fn chat(&self) -> ChatId {
        self.chat_of(self.user).await
    }

    /// A chat of this user, without messages.
    pub async fn chat_of(&self, owner: UserId) -> ChatId {
        let chat = ChatId::generate();
        // Older than the messages of all lines.
        let created_at = Clock::system().now().minus(Duration::from_secs(24 * 60 * 60));
        self.store.create_trunk(NewTrunk { chat, owner, created_at }).await.unwrap();
        chat
    }

    /// A chat whose trunk has so many messages.
    pub async fn line(&self, length: usize) -> ChatId {
        let chat = self.chat().await;
        self.say(chat, chat.trunk()).await;
        self.lengthen(chat.trunk(), length).await;
        chat
    }

    /// Copies the only message of a line until there are so many.
    pub async fn lengthen(&self, branch: BranchId, length: usize) {
        match &self.raw {
            Some(raw) => raw.lengthen(&branch.to_string(), length).await,
            None => sql::lengthen(&self.database, branch, length).await,
        }
    }

    /// Appends a message through the store.
    pub async fn say(&self, chat: ChatId, branch: BranchId) -> ResponseId {
        let message = AppendRequest {
            owner: self.user,
            target: chat.trunk(),
            branch: Some(branch),
            question: <Question as TextField>::parse(QUESTION.to_owned()).unwrap(),
            response: <Response as TextField>::parse(RESPONSE.to_owned()).unwrap(),
            metadata: Metadata::default(),
            expected_head: ExpectedHead::Any,
            on_head_moved: OnHeadMoved::Reject,
            activate: false,
            key: None,
            id: None,
            details: AnswerDetails::default(),
        };
        self.store.append(message.clone()).await.unwrap().object.id
    }

    /// Forks so often from one response, through the store, and tells the branches.
    pub async fn fork_often(&self, chat: ChatId, from: ResponseId, count: usize) -> Vec<BranchId> {
        let forks = stream::iter(0..count).map(|_| self.fork_from(chat, Some(from)));
        // One writer is all that SQLite has.
        let at_once = if self.engine == Engine::Sqlite { 1 } else { AT_ONCE };
        forks.buffer_unordered(at_once).collect().await
    }

    /// A branch at a message, or before the first, made through the store.
    pub async fn fork_from(&self, chat: ChatId, from: Option<ResponseId>) -> BranchId {
        let branch = ForkRequest {
            owner: self.user,
            target: chat.trunk(),
            from,
            id: None,
            name: None,
            activate: false,
            key: None,
        };
        self.store.fork(&branch).await.unwrap().object.branch.id
    }

    /// A branch of a branch of a branch of a trunk, each with a message of its own. Tells the branches at these levels.
    pub async fn nest(&self, chat: ChatId, levels: &[usize]) -> Vec<BranchId> {
        let mut from = response(&self.newest_messages(&chat.to_string()).await[0]);
        let mut found = Vec::new();
        for level in 1..=levels.iter().copied().max().unwrap_or_default() {
            let branch = self.fork_from(chat, Some(from)).await;
            from = self.say(chat, branch).await;
            if levels.contains(&level) {
                found.push(branch);
            }
        }
        found
    }

    /// What there is to ask about the line of a branch.
    pub async fn place(&self, size: usize, chat: ChatId, branch: BranchId) -> Place {
        let raw = match &self.raw {
            Some(raw) => Some(raw.beside(&chat.to_string()).await),
            None => None,
        };
        let trunk = &self.newest_messages(&chat.to_string()).await[0];
        let fork_from = response(&self.newest_messages(&branch.to_string()).await[0]);
        Place {
            size,
            fork_from: fork_from.to_string(),
            sibling: self.fork_from(chat, Some(fork_from)).await.to_string(),
            middle: self.middle(branch).await,
            tree_middle: self.tree_middle(chat).await,
            trunk_length: trunk["depth"].as_i64().unwrap(),
            chat: chat.to_string(),
            branch: branch.to_string(),
            raw,
        }
    }

    pub async fn newest_messages(&self, id: &str) -> Vec<Value> {
        self.get(&crate::bench::newest(id)).await.json().as_array().unwrap().clone()
    }

    /// Follows the pages of all messages of a chat.
    async fn tree_middle(&self, chat: ChatId) -> String {
        let first = |limit| format!("/api/v1/messages/get-tree?chat_id={chat}&preview=true&limit={limit}");
        let limit = if self.get(&first(1_000)).await.next().is_some() { 1_000 } else { PAGE };
        let mut paths = vec![first(limit)];
        while let Some(next) = self.get(&paths[paths.len() - 1]).await.next() {
            paths.push(next);
        }
        paths[paths.len() / 2].replace(&format!("limit={limit}"), &format!("limit={PAGE}"))
    }

    /// Follows the pages of a line from the newest one to its middle, as a client does.
    async fn middle(&self, branch: BranchId) -> String {
        let head = self.newest_messages(&branch.to_string()).await[0]["depth"].as_u64().unwrap();
        let step = if head > 1_000 { 200 } else { PAGE };
        let mut path = format!("/api/v1/messages/get-messages?chat_id={branch}&limit={step}");
        loop {
            let page = self.get(&path).await;
            path = page.next().unwrap();
            let last = page.json().as_array().unwrap().last().unwrap()["depth"].as_u64().unwrap();
            if last <= head / 2 + 1 + u64::try_from(step).unwrap() / 2 {
                return path.replace(&format!("limit={step}"), &format!("limit={PAGE}"));
            }
        }
    }
}

/// The id of a message.
pub fn response(message: &Value) -> ResponseId {
    text(message, "response_id").parse::<uuid::Uuid>().unwrap().into()
}
