//! Requests for branches that begin with messages: an edit, an append whose head has moved, a cherry-pick.

use super::requests::{AppendRequest, ForkRequest};
use crate::domain::{
    AnswerDetails, BranchName, ExpectedHead, ForkPoint, Forks, MIN_TIME_STEP, Message, Metadata, OnHeadMoved,
    Question, Response, Version, branch_of, stored_text_bytes,
};
use shared::clock::Timestamp;
use shared::idempotency::IdempotencyKey;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};

/// The most messages that a branch begins with.
pub const MAX_FIRST_MESSAGES: usize = 100;

/// An edit of a message, as a client requests it: another version of it, on a branch of its own.
#[derive(Debug, Clone)]
pub struct EditRequest {
    /// The owner.
    pub owner: UserId,
    /// The message.
    pub message: ResponseId,
    /// The chat in which it is read, or a branch of that; none for the message's own.
    pub reading_chat: Option<BranchId>,
    /// The new question; none for that of the message.
    pub question: Option<Question>,
    /// The new response.
    pub response: Response,
    /// The metadata of the new version.
    pub metadata: Metadata,
    /// Whether the new branch becomes the active one of the chat.
    pub activate: bool,
    /// The name of the new branch.
    pub branch_name: Option<BranchName>,
    /// The idempotency key.
    pub key: Option<IdempotencyKey>,
}

/// Copies of messages on a new branch, as a client requests them.
#[derive(Debug, Clone)]
pub struct CherryPickRequest {
    /// The owner.
    pub owner: UserId,
    /// The messages to copy, in the order of the copies: 1 to [`MAX_FIRST_MESSAGES`].
    pub sources: Vec<ResponseId>,
    /// The branch that the new one forks from.
    pub onto: BranchId,
    /// Where on its line.
    pub from: ForkPoint,
    /// The name of the new branch.
    pub name: Option<BranchName>,
    /// Whether it becomes the active branch of its chat.
    pub activate: bool,
    /// The idempotency key.
    pub key: Option<IdempotencyKey>,
}

/// The content of a message, without its place on a line.
#[derive(Debug, Clone)]
pub struct MessageContent {
    /// The question.
    pub question: String,
    /// The response.
    pub response: String,
    /// A JSON object, as text.
    pub metadata: String,
    /// The message that it is a copy of.
    pub copied_from: Option<ResponseId>,
    /// What it has beside its texts where a model has answered it.
    pub details: AnswerDetails,
}

impl MessageContent {
    /// A copy of a message.
    pub(super) fn copy_of(message: &Message) -> Self {
        Self {
            question: message.question.clone(),
            response: message.response.clone(),
            metadata: message.metadata.clone(),
            copied_from: Some(message.id),
            details: message.details.clone(),
        }
    }

    /// The bytes of its texts and items, as they are stored.
    pub fn stored_text_bytes(&self) -> i64 {
        stored_text_bytes(&self.question, &self.response, &self.details)
    }
}

impl From<&AppendRequest> for MessageContent {
    fn from(request: &AppendRequest) -> Self {
        Self {
            question: request.question.as_str().to_owned(),
            response: request.response.as_str().to_owned(),
            metadata: request.metadata.as_str().to_owned(),
            copied_from: None,
            details: request.details.clone(),
        }
    }
}

/// A branch to fork, and the messages that it begins with.
#[derive(Debug, Clone)]
pub struct ForkWithMessages {
    /// The branch. Its idempotency key is kept with the first message.
    pub fork: ForkRequest,
    /// Whether the message that it forks from must lie on the line of the target itself, also if that is a trunk.
    pub is_on_line_of_target: bool,
    /// The messages, in their order: 1 to [`MAX_FIRST_MESSAGES`].
    pub messages: Vec<MessageContent>,
    /// The id of the first message, if it was given out before, from which that of the branch follows: then an equal request is replayed.
    pub first_id: Option<ResponseId>,
}

impl ForkWithMessages {
    /// The fork at the head that an append expects on this branch, if the append asks for one when the head has moved.
    pub fn at_expected_head(append: &AppendRequest, branch: BranchId) -> Option<Self> {
        let (OnHeadMoved::Fork, ExpectedHead::Exactly(from)) = (append.on_head_moved, append.expected_head)
        else {
            return None;
        };
        let fork = ForkRequest {
            owner: append.owner,
            target: branch,
            from,
            id: append.id.map(branch_of),
            name: None,
            activate: append.activate,
            key: append.key.clone(),
        };
        let messages = vec![MessageContent::from(append)];
        Some(Self { fork, is_on_line_of_target: true, messages, first_id: append.id })
    }

    /// The branch whose line an answer goes on with. It must be there when the answer is stored, also where the parent is another branch's.
    pub(crate) fn answer_line(&self) -> Option<BranchId> {
        self.first_id.map(|_| self.fork.target)
    }

    /// The first of its messages, as it was stored on this branch.
    pub(super) fn first_message(&self, made: NewBranch) -> Option<Message> {
        let content = self.messages.first()?.clone();
        Some(Message {
            id: made.first,
            chat: made.chat,
            branch: made.branch,
            depth: made.fork_depth + 1,
            parent: self.fork.from,
            question: content.question,
            response: content.response,
            metadata: content.metadata,
            created_at: made.first_at,
            copied_from: content.copied_from,
            details: content.details,
            forks: Forks::default(),
            version: Version::default(),
            inherited: false,
        })
    }

    /// The bytes of the texts and the items of its messages.
    pub fn text_bytes(&self) -> usize {
        let bytes = |message: &MessageContent| {
            message.question.len() + message.response.len() + message.details.item_bytes()
        };
        self.messages.iter().map(bytes).sum()
    }

    /// The places of its messages, which have these ids, on the line after the fork depth. Their times rise from the first on.
    pub(crate) fn places(
        &self,
        ids: &[ResponseId],
        fork_depth: i64,
        first_at: Timestamp,
    ) -> Vec<(MessagePlace, &MessageContent)> {
        let (mut depth, mut parent, mut created_at) = (fork_depth, self.fork.from, first_at);
        let mut places = Vec::with_capacity(ids.len());
        for (id, content) in ids.iter().zip(&self.messages) {
            depth += 1;
            places.push((MessagePlace { id: *id, depth, parent, created_at }, content));
            (parent, created_at) = (Some(*id), created_at.plus(MIN_TIME_STEP));
        }
        places
    }
}

/// The place of a message on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MessagePlace {
    pub(crate) id: ResponseId,
    pub(crate) depth: i64,
    pub(crate) parent: Option<ResponseId>,
    pub(crate) created_at: Timestamp,
}

/// A branch that was created with messages on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NewBranch {
    pub(crate) chat: ChatId,
    pub(crate) branch: BranchId,
    /// The first of its messages.
    pub(crate) first: ResponseId,
    /// The time at which that was stored.
    pub(crate) first_at: Timestamp,
    pub(crate) fork_depth: i64,
}
