//! The list of what can be restored in a chat.

use crate::domain::Order;
use crate::error::Error;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::target::Target;
use crate::store::mongo::read::time_ranges::TimeRanges;
use crate::store::{DeletedBranch, DeletedBranchPage, DeletedBranchesRequest, DeletionPosition};
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use shared::clock::Timestamp;
use shared::ids::ChatId;

impl MongoEngine {
    pub(crate) async fn list_deleted_branches(
        &self,
        request: &DeletedBranchesRequest,
    ) -> Result<DeletedBranchPage, Error> {
        let &DeletedBranchesRequest { owner, target, after, limit } = request;
        let target = Target::find(self, owner, target, []).await?.require()?;
        let (chat, now) = (target.branch.chat, self.clock.now());
        let mut found = Vec::new();
        if let Some(DeletionPosition { deleted_at, id }) = after {
            let same_time = doc! {"deleted_at": deleted_at.as_micros(), "_id": {"$lt": id.to_string()}};
            found = newest_deletions(self, chat, same_time, limit + 1).await?;
        }
        let after = after.map(|after| after.deleted_at.as_micros());
        let oldest = target.trunk().created_at.as_micros();
        let read = |range, missing| newest_deletions(self, chat, doc! {"deleted_at": range}, missing);
        let found = TimeRanges::new(Order::Desc, after, oldest, now).read(found, limit + 1, read).await?;
        // The sweep has yet to purge the others. They come last.
        let restorable = found.into_iter().filter(|branch| branch.is_restorable(now));
        Ok(DeletedBranchPage::new(restorable.filter_map(entry).collect(), limit))
    }
}

/// The newest branches of a chat that requests have named to delete them, within a range of the index. Another condition would let some
/// servers read the whole index.
async fn newest_deletions(
    mongo: &MongoEngine,
    chat: ChatId,
    range: Document,
    count: usize,
) -> Result<Vec<BranchDoc>, Error> {
    let mut filter = doc! {"deletion_chat": chat.to_string()};
    filter.extend(range);
    let found = mongo.branches.find(filter).sort(doc! {"deleted_at": -1, "_id": -1});
    Ok(found.limit(i64::try_from(count).unwrap_or(i64::MAX)).await?.try_collect().await?)
}

fn entry(branch: BranchDoc) -> Option<DeletedBranch> {
    let time = |micros: Option<i64>| micros.and_then(Timestamp::from_micros);
    let at = DeletionPosition { deleted_at: time(branch.deleted_at)?, id: branch.id };
    let purge_at = time(branch.purge_at)?;
    Some(DeletedBranch { at, name: branch.name, purge_at, branch_count: branch.deleted_count? })
}
