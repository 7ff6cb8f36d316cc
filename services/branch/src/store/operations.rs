//! What the operations of a store take and give.

use crate::domain::{
    Branch, BranchKey, BranchName, ExpectedHead, Forks, Message, Metadata, Order, Question, Response,
};
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::idempotency::IdempotencyKey;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared::server::Reservation;

/// A branch as its owner sees it, and which branch of its chat is active.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The branch.
    pub branch: Branch,
    /// The active branch of its chat.
    pub active: BranchId,
}

/// What an id stands for, as far as a request must know that only names a line: no head is read for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The chat.
    pub chat: ChatId,
    /// The branch that has this id.
    pub branch: BranchId,
    /// The active branch of the chat, if the id is the chat's.
    pub active: BranchId,
}

impl Target {
    /// Whether the id is the chat's.
    pub fn is_trunk(&self) -> bool {
        self.branch == self.chat.trunk()
    }

    /// The branch that a request which names this id is about: the one that it names beside, else this one, or, if
    /// this is the trunk and so the name of the chat, the active one.
    pub fn line(&self, named: Option<BranchId>) -> BranchId {
        named.unwrap_or(if self.is_trunk() { self.active } else { self.branch })
    }
}

impl From<&Node> for Target {
    fn from(node: &Node) -> Self {
        Self { chat: node.branch.chat, branch: node.branch.id, active: node.active }
    }
}

/// What the store knows about an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<T = Node> {
    /// A branch of this user.
    Found(Box<T>),
    /// A tombstone, or the branch of another user: the id is taken, but there is nothing to see.
    Hidden,
    /// Nothing. It may be a chat whose trunk was not planted yet.
    Unknown,
}

/// The trunk of a chat, as the chat service knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewTrunk {
    /// The chat.
    pub chat: ChatId,
    /// Whose it is. This never changes.
    pub owner: UserId,
    /// When the chat was made.
    pub created_at: Timestamp,
}

/// A message to append.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Who writes.
    pub owner: UserId,
    /// The chat.
    pub chat: ChatId,
    /// The branch of this chat that it goes to.
    pub branch: BranchId,
    /// What was asked.
    pub question: Question,
    /// What was answered.
    pub response: Response,
    /// What is kept beside it.
    pub metadata: Metadata,
    /// The head that the client has seen.
    pub expected_head: ExpectedHead,
    /// The idempotency key.
    pub key: Option<IdempotencyKey>,
}

impl NewMessage {
    /// The bytes of its question and its response.
    pub fn text_bytes(&self) -> i64 {
        let bytes = self.question.as_str().len() + self.response.as_str().len();
        i64::try_from(bytes).unwrap_or(i64::MAX)
    }

    /// What it is once it is stored.
    pub fn message(
        &self,
        id: ResponseId,
        depth: i64,
        parent: Option<ResponseId>,
        created_at: Timestamp,
    ) -> Message {
        Message {
            id,
            chat: self.chat,
            branch: self.branch,
            depth,
            parent,
            question: self.question.as_str().to_owned(),
            response: self.response.as_str().to_owned(),
            metadata: self.metadata.as_str().to_owned(),
            created_at,
            forks: Forks::default(),
        }
    }
}

/// A page of a line to read.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest {
    /// Who reads.
    pub owner: UserId,
    /// The chat.
    pub chat: ChatId,
    /// The branch of this chat whose line is read.
    pub branch: BranchId,
    /// Which end comes first.
    pub order: Order,
    /// Where the page begins; none for the line's end that comes first.
    pub start: Option<Position>,
    /// The most messages that the page may have.
    pub limit: usize,
}

/// A place on a line: a depth, and a branch at or above the line's own that has this depth on its line, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The branch.
    pub via: BranchId,
    /// The depth.
    pub depth: i64,
}

/// The messages of a page, and where the next one begins.
#[derive(Debug)]
pub struct MessagePage<P> {
    /// In the order that was asked for.
    pub items: Vec<Message>,
    /// None at the end.
    pub next: Option<P>,
    /// Where their texts are counted.
    pub memory: Reservation,
}

/// A place among the messages of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimePosition {
    /// When the message was stored.
    pub created_at: Timestamp,
    /// Its id.
    pub id: ResponseId,
}

/// A branch to make.
#[derive(Debug, Clone)]
pub struct NewBranch {
    /// Who makes it.
    pub owner: UserId,
    /// The chat.
    pub chat: ChatId,
    /// The branch on whose line the message must lie; none if any line of the chat will do.
    pub line: Option<BranchId>,
    /// The message that it forks from; none for a fork before the first message.
    pub from: Option<ResponseId>,
    /// The id that it shall have, if the client has chosen one.
    pub id: Option<BranchId>,
    /// What it is called.
    pub name: Option<BranchName>,
    /// Whether it becomes the active branch of its chat.
    pub activate: bool,
    /// The idempotency key.
    pub key: Option<IdempotencyKey>,
}

/// A page of the branches below a node, the node itself being the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchPage {
    /// The direct forks of the node, by time, as far as the limit for them goes.
    pub children: Vec<BranchId>,
    /// Parents first.
    pub items: Vec<Branch>,
    /// Where the next page begins; none at the end.
    pub next: Option<BranchKey>,
}
