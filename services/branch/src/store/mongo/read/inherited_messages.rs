//! The messages that a chat inherits from the one that it was forked from: those of its trunk's line up to the fork depth.

use crate::domain::DepthRange;
use crate::error::Error;
use crate::store::TimePosition;
use crate::store::inherited_line::{BranchPlace, InheritedLine};
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::message_entry::{EntryDoc, entry_fields};
use crate::store::mongo::read::segments::read_fields;
use crate::store::navigation::plan_page;
use shared::ids::{ChatId, UserId};

/// The messages that a chat inherits.
#[derive(Debug)]
pub(crate) struct InheritedMessages {
    owner: UserId,
    line: InheritedLine,
}

/// The line that a chat with this trunk inherits.
pub(crate) fn inherited_line(trunk: &BranchDoc) -> Result<InheritedLine, Error> {
    if trunk.fork_depth == 0 {
        return Ok(InheritedLine::empty(trunk.chat));
    }
    Ok(InheritedLine::of(trunk.chat, trunk.ancestry()?))
}

impl InheritedMessages {
    /// The messages that a chat with this trunk inherits, if it does.
    pub(crate) fn of(trunk: &BranchDoc) -> Result<Option<Self>, Error> {
        let line = inherited_line(trunk)?;
        Ok(line.trunk().is_some().then(|| Self { owner: trunk.owner, line: line.clone() }))
    }

    /// Whether messages of this chat are not the chat's own.
    pub(crate) fn are_of(&self, chat: ChatId) -> bool {
        chat != self.line.chat()
    }

    /// The depth of the message at a position, if it is inherited.
    pub(crate) async fn depth_at(
        &self,
        mongo: &MongoEngine,
        at: Option<TimePosition>,
    ) -> Result<Option<i64>, Error> {
        let Some(at) = at else { return Ok(None) };
        let found = mongo.forked_messages.load_one(at.id).await?;
        let Some(found) = found.filter(|found| found.owner == self.owner && self.are_of(found.chat)) else {
            return Ok(None);
        };
        let place = BranchPlace { branch: found.branch, depth: found.depth };
        Ok(self.line.has(mongo, place).await?.then_some(found.depth))
    }

    /// The first messages after a depth.
    pub(crate) async fn after(
        &self,
        mongo: &MongoEngine,
        depth: i64,
        count: usize,
    ) -> Result<Vec<EntryDoc>, Error> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let to = depth.saturating_add(count).min(self.line.depth());
        self.read(mongo, DepthRange { from: depth + 1, to }).await
    }

    /// The last messages before a depth, deepest first.
    pub(crate) async fn before(
        &self,
        mongo: &MongoEngine,
        depth: i64,
        count: usize,
    ) -> Result<Vec<EntryDoc>, Error> {
        let (to, count) = ((depth - 1).min(self.line.depth()), i64::try_from(count).unwrap_or(i64::MAX));
        let mut found = self.read(mongo, DepthRange { from: (to - count + 1).max(1), to }).await?;
        found.reverse();
        Ok(found)
    }

    async fn read(&self, mongo: &MongoEngine, depths: DepthRange) -> Result<Vec<EntryDoc>, Error> {
        let Some(trunk) = self.line.trunk().filter(|_| !depths.is_empty()) else { return Ok(Vec::new()) };
        let segments = plan_page(mongo, trunk.clone(), depths).await?;
        let typed = mongo.messages.clone_with_type::<EntryDoc>();
        let mut found = read_fields(&typed, &segments, entry_fields()).await?;
        found.sort_unstable_by_key(|entry| entry.depth);
        Ok(found)
    }
}
