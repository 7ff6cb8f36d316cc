//! Results of the operations of a store.

use super::positions::LinePosition;
use crate::domain::{Branch, BranchKey, Message, TreePosition};
use crate::error::Error;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use shared_web::body_limits::Reservation;

/// A branch with its head, and the active branch of its chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchWithActive {
    /// The branch.
    pub branch: Branch,
    /// The active branch of its chat.
    pub active: BranchId,
}

/// The outcome of a step of the sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepStep {
    /// It has done something, and there may be more to do.
    Taken,
    /// Nothing, as another replica has taken a step meanwhile.
    TakenElsewhere,
    /// Nothing, as there was nothing to do.
    NothingDue,
}

/// A branch with the messages that it was created with.
#[derive(Debug)]
pub struct BranchWithMessages {
    /// The branch.
    pub branch: BranchWithActive,
    /// Its first messages.
    pub messages: Vec<Message>,
    /// The memory reserved for their texts.
    pub memory: Reservation,
}

/// The chat and the branch that an id of either stands for, without the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResolvedId {
    /// The chat.
    pub chat: ChatId,
    /// The branch that has this id.
    pub branch: BranchId,
    /// The active branch of the chat, if the id is the chat's.
    pub active: BranchId,
}

impl ResolvedId {
    /// Whether the id is the chat's.
    pub fn is_trunk(&self) -> bool {
        self.branch == self.chat.trunk()
    }

    /// The branch that a request with this id is about: `named`, if the request names one in addition; else this branch, or
    /// for a chat's id the active one.
    pub fn branch_for(&self, named: Option<BranchId>) -> BranchId {
        named.unwrap_or(if self.is_trunk() { self.active } else { self.branch })
    }
}

impl From<&BranchWithActive> for ResolvedId {
    fn from(BranchWithActive { branch, active }: &BranchWithActive) -> Self {
        Self { chat: branch.chat, branch: branch.id, active: *active }
    }
}

/// The result of a lookup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<T = BranchWithActive> {
    /// A branch of this user.
    Found(Box<T>),
    /// A tombstone, or another user's branch: the id is taken, but not visible.
    Hidden,
    /// Not known. It may be a chat whose trunk is not created yet.
    Unknown,
}

impl<T> Lookup<T> {
    /// What was found; else [`Error::ChatNotFound`] or [`Error::TargetUnknown`].
    pub fn require(self) -> Result<T, Error> {
        match self {
            Self::Found(found) => Ok(*found),
            Self::Hidden => Err(Error::ChatNotFound),
            Self::Unknown => Err(Error::TargetUnknown),
        }
    }
}

/// The messages of a page, and the positions beside it.
#[derive(Debug)]
pub struct MessagePage<P> {
    /// The messages, in the requested order.
    pub items: Vec<Message>,
    /// None at the end.
    pub next: Option<P>,
    /// The position of the message before the page, in a walk that was begun at a depth; none at the beginning. It is where the
    /// same list begins in the opposite order.
    pub previous: Option<P>,
    /// The memory reserved for their texts.
    pub memory: Reservation,
}

/// A page of a line.
#[derive(Debug)]
pub struct LinePage {
    /// The branch whose line was read.
    pub branch: BranchId,
    /// Its messages.
    pub messages: MessagePage<LinePosition>,
}

/// A page of a branch and its descendants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchPage {
    /// The branch.
    pub root: BranchId,
    /// The active branch of its chat.
    pub active: BranchId,
    /// The ids of its children, oldest first, 10,000 at most.
    pub children: Vec<BranchId>,
    /// Parents first.
    pub items: Vec<Branch>,
    /// Where the next page begins; none at the end.
    pub next: Option<BranchKey>,
}

/// A message of a chat, without its texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// Its id.
    pub id: ResponseId,
    /// The message before it on its line.
    pub parent: Option<ResponseId>,
    /// The branch that owns it.
    pub branch: BranchId,
    /// Its depth.
    pub depth: i64,
    /// When it was stored.
    pub created_at: Timestamp,
    /// Its number among its versions, counted from 1.
    pub version: i64,
    /// The beginning of its question, or of its response where that is empty; none where it was not asked for.
    pub preview: Option<String>,
}

/// A page of all messages of a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageTreePage {
    /// Those that the chat inherits from another, then branch by branch in the order of their keys, within a branch by depth.
    pub items: Vec<TreeEntry>,
    /// Where the next page begins; none at the end.
    pub next: Option<TreePosition>,
}

/// The comparison of two lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    /// The last message of both; none if they have none in common.
    pub common: Option<CommonMessage>,
    /// The one line.
    pub left: ComparedLine,
    /// The other line.
    pub right: ComparedLine,
}

/// The last message that two lines have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommonMessage {
    /// Its id.
    pub id: ResponseId,
    /// Its depth.
    pub depth: i64,
}

/// A line that is compared with another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComparedLine {
    /// The branch.
    pub branch: BranchId,
    /// The head of the line, none while it is empty.
    pub head: Option<ResponseId>,
    /// The number of its messages after the common ones.
    pub ahead: i64,
}
