//! Arguments of the operations of a store.

use super::positions::{LinePosition, Position, TimePosition};
use super::results::{LinePage, MessagePage, ResolvedId};
use crate::domain::{
    AnswerDetails, BranchFilter, BranchKey, BranchName, ExpectedHead, Forks, Message, Metadata, OnHeadMoved,
    Order, Question, Response, TreePosition, Version, stored_text_bytes,
};
use crate::error::Error;
use shared::clock::Timestamp;
use shared::idempotency::IdempotencyKey;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared::tags::Tags;
use std::sync::Arc;

/// The trunk of a chat, as the chat service knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewTrunk {
    /// The chat.
    pub chat: ChatId,
    /// The owner, which never changes.
    pub owner: UserId,
    /// When the chat was created.
    pub created_at: Timestamp,
}

/// A message to append, as a client requests it.
#[derive(Debug, Clone)]
pub struct AppendRequest {
    /// The author.
    pub owner: UserId,
    /// The chat or the branch that it goes to; for a chat, the active branch.
    pub target: BranchId,
    /// The branch of this chat that it goes to instead.
    pub branch: Option<BranchId>,
    /// The question.
    pub question: Question,
    /// The response.
    pub response: Response,
    /// The client's metadata.
    pub metadata: Metadata,
    /// The head that the client expects.
    pub expected_head: ExpectedHead,
    /// The choice if the head is another one.
    pub on_head_moved: OnHeadMoved,
    /// Whether a branch that is created for it then becomes the active branch of its chat.
    pub activate: bool,
    /// The idempotency key.
    pub key: Option<IdempotencyKey>,
    /// The id, if it was given out before: then no other message is stored under it, and an equal request is replayed.
    pub id: Option<ResponseId>,
    /// What the message has beside its texts where a model has answered it.
    pub details: AnswerDetails,
}

impl AppendRequest {
    /// The bytes of its question, its response and its items.
    pub fn text_bytes(&self) -> usize {
        self.question.as_str().len() + self.response.as_str().len() + self.details.item_bytes()
    }

    /// The bytes of its texts and items, as they are stored.
    pub fn stored_text_bytes(&self) -> i64 {
        stored_text_bytes(self.question.as_str(), self.response.as_str(), &self.details)
    }
}

/// A message to append to a branch.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// The chat.
    pub chat: ChatId,
    /// The branch of this chat that it goes to.
    pub branch: BranchId,
    /// The message, as the client has sent it.
    pub request: Arc<AppendRequest>,
}

impl NewMessage {
    /// The stored message.
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
            question: self.request.question.as_str().to_owned(),
            response: self.request.response.as_str().to_owned(),
            metadata: self.request.metadata.as_str().to_owned(),
            created_at,
            copied_from: None,
            details: self.request.details.clone(),
            forks: Forks::default(),
            version: Version::default(),
            inherited: false,
        }
    }
}

/// A page of a line to read, as a client requests it.
#[derive(Debug, Clone, Copy)]
pub struct LineRequest {
    /// The reader.
    pub owner: UserId,
    /// The chat or the branch whose line is read; for a chat, that of the active branch.
    pub target: BranchId,
    /// The branch of this chat whose line is read instead.
    pub branch: Option<BranchId>,
    /// The order of the page.
    pub order: Order,
    /// Where the page begins; none for the first page.
    pub start: Option<LinePosition>,
    /// The depth at which the first page begins, if the client has named one. Each page of such a walk tells the position before
    /// it, too.
    pub from_depth: Option<i64>,
    /// The most messages that the page may have.
    pub limit: usize,
}

impl LineRequest {
    /// The page of the line that the request is about. [`Error::BadCursor`] if the position is one of another line.
    pub fn page(&self, target: &ResolvedId) -> Result<PageRequest, Error> {
        let branch = match self.start {
            None => target.branch_for(self.branch),
            Some(start) if self.is_of_line(target, &start) => start.branch,
            Some(_) => return Err(Error::BadCursor),
        };
        let start = self.start.map(|start| start.position);
        let &Self { owner, order, from_depth, limit, .. } = self;
        Ok(PageRequest { owner, chat: target.chat, branch, order, start, from_depth, limit })
    }

    /// Whether the line is that of whichever branch is the active one.
    pub(super) fn names_no_branch(&self) -> bool {
        self.branch.is_none() && self.start.is_none()
    }

    /// The page that was read.
    pub(super) fn finish(request: &PageRequest, page: MessagePage<Position>) -> LinePage {
        let &PageRequest { chat, branch, .. } = request;
        let position = |position| LinePosition { chat, branch, position };
        let (next, previous) = (page.next.map(position), page.previous.map(position));
        LinePage { branch, messages: MessagePage { items: page.items, next, previous, memory: page.memory } }
    }

    /// Whether a position is one of the line. A page of a chat stays on the branch that was the active one at first.
    fn is_of_line(&self, target: &ResolvedId, start: &LinePosition) -> bool {
        let is_of_branch = match self.branch {
            Some(branch) => branch == start.branch,
            None => target.is_trunk() || target.branch == start.branch,
        };
        is_of_branch && start.chat == target.chat
    }
}

/// A page of a line to read.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest {
    /// The reader.
    pub owner: UserId,
    /// The chat.
    pub chat: ChatId,
    /// The branch of this chat whose line is read.
    pub branch: BranchId,
    /// The order of the page.
    pub order: Order,
    /// Where the page begins; none for the first page.
    pub start: Option<Position>,
    /// The depth at which the first page begins, as in [`LineRequest::from_depth`].
    pub from_depth: Option<i64>,
    /// The most messages that the page may have.
    pub limit: usize,
}

impl PageRequest {
    /// The depth at which the page begins, if it is not one end of the line.
    pub(super) fn start_depth(&self) -> Option<i64> {
        self.start.map(|start| start.depth).or(self.from_depth)
    }
}

/// A page of the messages of a user, as a client requests it.
#[derive(Debug, Clone, Copy)]
pub struct ListRequest {
    /// The reader.
    pub owner: UserId,
    /// The chat whose messages are listed, by its id or that of one of its branches; none for all chats.
    pub target: Option<BranchId>,
    /// The order of the page.
    pub order: Order,
    /// The position after which the page begins; none for the first page.
    pub after: Option<TimePosition>,
    /// The most messages that the page may have.
    pub limit: usize,
}

impl ListRequest {
    /// A page of the messages in all chats, newest first.
    pub const fn newest(owner: UserId, after: Option<TimePosition>, limit: usize) -> Self {
        Self { owner, target: None, order: Order::Desc, after, limit }
    }
}

/// A branch to fork, as a client requests it.
#[derive(Debug, Clone)]
pub struct ForkRequest {
    /// The owner.
    pub owner: UserId,
    /// The chat, or the branch on whose line the message must lie.
    pub target: BranchId,
    /// The message that it forks from; none for a fork before the first message.
    pub from: Option<ResponseId>,
    /// The id, if the client has chosen one.
    pub id: Option<BranchId>,
    /// The name.
    pub name: Option<BranchName>,
    /// Whether it becomes the active branch of its chat.
    pub activate: bool,
    /// The idempotency key.
    pub key: Option<IdempotencyKey>,
}

/// The changes of a branch; none leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct BranchChanges {
    /// The name; `Some(None)` takes it away.
    pub name: Option<Option<BranchName>>,
    /// The tags, all of them.
    pub tags: Option<Tags>,
    /// Whether it is archived.
    pub archived: Option<bool>,
}

impl BranchChanges {
    /// Whether nothing changes.
    pub const fn is_empty(&self) -> bool {
        self.name.is_none() && self.tags.is_none() && self.archived.is_none()
    }
}

/// New metadata of a message, as a client requests it.
#[derive(Debug, Clone)]
pub struct MetadataUpdate {
    /// The owner.
    pub owner: UserId,
    /// The message.
    pub message: ResponseId,
    /// The chat in which it is read, or a branch of that; none for the message's own.
    pub reading_chat: Option<BranchId>,
    /// The metadata, all of it.
    pub metadata: Metadata,
}

/// A page of all messages of a chat, as a client requests it.
#[derive(Debug, Clone, Copy)]
pub struct MessageTreeRequest {
    /// The reader.
    pub owner: UserId,
    /// The chat, or any of its branches.
    pub target: BranchId,
    /// The position after which the page begins; none for the first page.
    pub after: Option<TreePosition>,
    /// The most messages that the page may have.
    pub limit: usize,
    /// Whether previews are read.
    pub with_previews: bool,
}

/// A page of the descendants of a chat or a branch, as a client requests it.
#[derive(Debug, Clone)]
pub struct TreeRequest {
    /// The reader.
    pub owner: UserId,
    /// The chat, or the branch, whose descendants are listed.
    pub target: BranchId,
    /// Which of them are listed.
    pub filter: BranchFilter,
    /// The key after which the page begins; none for the first page.
    pub after: Option<BranchKey>,
    /// The most branches that the page may have.
    pub limit: usize,
}
