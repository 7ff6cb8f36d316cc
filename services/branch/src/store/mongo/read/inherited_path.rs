//! The messages that a chat inherits from the one that it was forked from: those of its trunk's line up to the fork depth.

use crate::domain::{Ancestry, DepthRange, Segment};
use crate::error::Error;
use crate::store::TimePosition;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::message_entry::{EntryDoc, entry_fields};
use crate::store::mongo::read::reading_chat::inherits;
use crate::store::mongo::read::segments::read_fields;
use crate::store::navigation::plan_page;
use shared::ids::{ChatId, UserId};

/// The messages that a chat inherits.
#[derive(Debug)]
pub(crate) struct InheritedPath {
    pub(crate) chat: ChatId,
    owner: UserId,
    /// Of the trunk.
    line: Ancestry,
}

impl InheritedPath {
    /// What a chat with this trunk inherits, if it does.
    pub(crate) fn of(trunk: &BranchDoc) -> Result<Option<Self>, Error> {
        if trunk.fork_depth == 0 {
            return Ok(None);
        }
        Ok(Some(Self { chat: trunk.chat, owner: trunk.owner, line: trunk.ancestry()? }))
    }

    /// The depth of the message at a position, if it is inherited.
    pub(crate) async fn find(
        &self,
        mongo: &MongoEngine,
        at: Option<TimePosition>,
    ) -> Result<Option<i64>, Error> {
        let Some(at) = at else { return Ok(None) };
        let found = mongo.forked_messages.load_one(at.id).await?;
        let Some(found) = found.filter(|found| found.owner == self.owner && found.chat != self.chat) else {
            return Ok(None);
        };
        let is_inherited = inherits(mongo, self.line.clone(), (found.branch, found.depth)).await?;
        Ok(Some(found.depth).filter(|_| is_inherited))
    }

    /// The first messages after a depth.
    pub(crate) async fn after(
        &self,
        mongo: &MongoEngine,
        depth: i64,
        count: usize,
    ) -> Result<Vec<EntryDoc>, Error> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let to = depth.saturating_add(count).min(self.line.fork_depth);
        self.read(mongo, DepthRange { from: depth + 1, to }).await
    }

    /// The last messages before a depth, deepest first.
    pub(crate) async fn before(
        &self,
        mongo: &MongoEngine,
        depth: i64,
        count: usize,
    ) -> Result<Vec<EntryDoc>, Error> {
        let (to, count) = ((depth - 1).min(self.line.fork_depth), i64::try_from(count).unwrap_or(i64::MAX));
        let mut found = self.read(mongo, DepthRange { from: (to - count + 1).max(1), to }).await?;
        found.reverse();
        Ok(found)
    }

    async fn read(&self, mongo: &MongoEngine, depths: DepthRange) -> Result<Vec<EntryDoc>, Error> {
        if depths.is_empty() {
            return Ok(Vec::new());
        }
        let segments = plan_page(mongo, self.line.clone(), depths).await?;
        let typed = mongo.messages.clone_with_type::<EntryDoc>();
        let mut found = read_fields(&typed, &segments, entry_fields()).await?;
        found.sort_unstable_by_key(|entry| entry.depth);
        Ok(found)
    }

    /// Splits those of these segments that reach into what is inherited among the branches that own it.
    pub(crate) async fn split(
        &self,
        mongo: &MongoEngine,
        segments: Vec<Segment>,
    ) -> Result<Vec<Segment>, Error> {
        let (trunk, last) = (self.chat.trunk(), self.line.fork_depth);
        let mut split = Vec::new();
        for segment in segments {
            if segment.branch != trunk || segment.from > last || segment.only_message.is_some() {
                split.push(segment);
                continue;
            }
            let inherited = DepthRange { from: segment.from, to: segment.to.min(last) };
            split.extend(plan_page(mongo, self.line.clone(), inherited).await?);
            split.extend(segment.intersection(DepthRange { from: last + 1, to: segment.to }));
        }
        Ok(split)
    }
}
