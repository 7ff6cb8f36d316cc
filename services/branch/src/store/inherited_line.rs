//! The line that a forked chat inherits from another, the same on every engine.

use super::navigation::{AncestryReader, owner_of_inherited, plan_page};
use crate::domain::{Ancestry, DepthRange, ScannedBranch, Segment};
use crate::error::Error;
use shared::ids::{BranchId, ChatId};

/// The line that the trunk of a chat inherits from another chat. It is empty where the chat was not forked from one.
#[derive(Debug, Clone)]
pub(super) struct InheritedLine {
    chat: ChatId,
    /// None where the line is empty.
    trunk: Option<Ancestry>,
}

/// A depth of a branch, where a message lies or would lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BranchPlace {
    pub(super) branch: BranchId,
    pub(super) depth: i64,
}

impl InheritedLine {
    /// The line that the trunk of a chat inherits.
    pub(super) fn of(chat: ChatId, trunk: Ancestry) -> Self {
        Self { chat, trunk: Some(trunk).filter(|trunk| trunk.fork_depth > 0) }
    }

    /// The empty line of a chat that was not forked from another.
    pub(super) const fn empty(chat: ChatId) -> Self {
        Self { chat, trunk: None }
    }

    /// The chat that inherits it.
    pub(super) const fn chat(&self) -> ChatId {
        self.chat
    }

    /// The ancestry of the trunk; none where the line is empty.
    pub(super) const fn trunk(&self) -> Option<&Ancestry> {
        self.trunk.as_ref()
    }

    /// The number of its messages.
    pub(super) fn depth(&self) -> i64 {
        self.trunk.as_ref().map_or(0, |trunk| trunk.fork_depth)
    }

    /// The branch that owns the message at a depth of it; none beyond its end.
    pub(super) async fn owner(
        &self,
        ancestries: impl AncestryReader,
        depth: i64,
    ) -> Result<Option<BranchId>, Error> {
        let Some(trunk) = self.trunk.as_ref().filter(|trunk| depth <= trunk.fork_depth) else {
            return Ok(None);
        };
        match trunk.owner(depth) {
            Some(owner) => Ok(Some(owner)),
            None => owner_of_inherited(ancestries, trunk.clone(), depth).await,
        }
    }

    /// Whether the message that a branch owns at a depth is one of it.
    pub(super) async fn has(
        &self,
        ancestries: impl AncestryReader,
        place: BranchPlace,
    ) -> Result<bool, Error> {
        Ok(self.owner(ancestries, place.depth).await? == Some(place.branch))
    }

    /// The place of the message at this depth of it: nowhere beyond its end, as nothing lies at depth 0.
    pub(super) async fn place(
        &self,
        ancestries: impl AncestryReader,
        depth: i64,
    ) -> Result<BranchPlace, Error> {
        let nowhere = BranchPlace { branch: self.chat.trunk(), depth: 0 };
        let owner = self.owner(ancestries, depth).await?;
        Ok(owner.map_or(nowhere, |branch| BranchPlace { branch, depth }))
    }

    /// Lets the trunk among the branches of a page of all messages have what it inherits, too.
    pub(super) fn add_to_scanned(&self, scanned: &mut [ScannedBranch]) {
        let trunk = scanned.first_mut().filter(|first| first.key.id == self.chat.trunk());
        if let Some(trunk) = trunk.filter(|_| self.trunk.is_some()) {
            trunk.fork_depth = 0;
        }
    }

    /// Splits the segments of such a page by the branches that own the messages.
    pub(super) async fn split(
        &self,
        mut ancestries: impl AncestryReader,
        segments: Vec<Segment>,
    ) -> Result<Vec<Segment>, Error> {
        let Some(trunk) = &self.trunk else { return Ok(segments) };
        let mut split = Vec::new();
        for segment in segments {
            if segment.branch == trunk.branch && segment.from <= trunk.fork_depth {
                let depths = DepthRange { from: segment.from, to: segment.to };
                split.extend(plan_page(&mut ancestries, trunk.clone(), depths).await?);
            } else {
                split.push(segment);
            }
        }
        Ok(split)
    }
}
