//! Whether lines are alive, for many lines in one query.

use crate::error::Error;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::fields::{text, texts};
use crate::store::mongo::documents::undo_state::UndoState;
use futures_util::TryStreamExt as _;
use mongodb::Collection;
use mongodb::bson::doc;
use serde::Deserialize;
use shared::ids::{BranchId, ChatId, UserId};
use std::collections::{BTreeSet, HashMap};

/// A line, as a request names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) owner: UserId,
    pub(crate) chat: ChatId,
    pub(crate) branch: BranchId,
}

/// The part of a branch that says whose it is, and whether it is alive.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Liveness {
    #[serde(rename = "_id", with = "text")]
    id: BranchId,
    #[serde(rename = "root", with = "text")]
    chat: ChatId,
    #[serde(with = "text")]
    owner: UserId,
    alive: bool,
    #[serde(default)]
    undo: Option<UndoState>,
}

/// What is gone of a line, to which a message was appended.
#[derive(Debug)]
pub(crate) struct Gone {
    /// The error that says what.
    pub(crate) error: Error,
    /// Whether the line can come back, with the message.
    pub(crate) is_restorable: bool,
}

/// The branches of some lines, and their trunks, at the time of a query.
#[derive(Debug)]
pub(crate) struct LineLiveness(HashMap<BranchId, Liveness>);

impl LineLiveness {
    /// Reads the branches and the trunks of these lines.
    pub(crate) async fn read(
        branches: &Collection<BranchDoc>,
        lines: impl IntoIterator<Item = Line>,
    ) -> Result<Self, Error> {
        let ids: BTreeSet<_> = lines.into_iter().flat_map(|line| [line.branch, line.chat.trunk()]).collect();
        // One more than there can be, so that the cursor is exhausted by the first batch.
        let batch = u32::try_from(ids.len() + 1).unwrap_or(u32::MAX);
        let typed = branches.clone_with_type::<Liveness>();
        let found = typed.find(doc! {"_id": {"$in": texts(ids)}}).batch_size(batch);
        let found = found.projection(doc! {"_id": 1, "root": 1, "owner": 1, "alive": 1, "undo": 1}).await?;
        Ok(Self(found.map_ok(|found| (found.id, found)).try_collect().await?))
    }

    /// What is gone, if the branch or the trunk of a line is. Those of other owners count as gone for good.
    pub(crate) fn gone(&self, line: Line) -> Option<Gone> {
        let [branch, trunk] = [line.branch, line.chat.trunk()].map(|id| {
            let found = self.0.get(&id);
            found.filter(|found| found.owner == line.owner && found.chat == line.chat)
        });
        let is_alive = |found: Option<&Liveness>| found.is_some_and(|found| found.alive);
        let error = match (is_alive(branch), is_alive(trunk)) {
            (true, true) => return None,
            (true, false) => Error::ChatNotFound,
            (false, _) => Error::BranchNotFound,
        };
        let can_live = |found: &Liveness| found.alive || found.undo.is_some();
        let is_restorable = [branch, trunk].into_iter().all(|found| found.is_some_and(can_live));
        Some(Gone { error, is_restorable })
    }
}
