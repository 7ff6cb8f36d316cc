//! The list of what can be restored in a chat.

use crate::error::Error;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::target::Target;
use crate::store::{DeletedBranch, DeletedBranchPage, DeletedBranchesRequest, DeletionPosition};
use futures_util::TryStreamExt as _;
use mongodb::bson::doc;
use shared::clock::Timestamp;

impl MongoEngine {
    pub(crate) async fn list_deleted_branches(
        &self,
        request: &DeletedBranchesRequest,
    ) -> Result<DeletedBranchPage, Error> {
        let &DeletedBranchesRequest { owner, target, after, limit } = request;
        let chat = Target::find(self, owner, target, []).await?.require()?.branch.chat;
        let mut filter = doc! {
            "root": chat.to_string(), "alive": false, "deleted_count": {"$gt": 0_i64},
            "purge_at": {"$gt": self.clock.now().as_micros()},
        };
        if let Some(DeletionPosition { deleted_at, id }) = after {
            let deleted_at = deleted_at.as_micros();
            let at_the_same_time = doc! {"deleted_at": deleted_at, "_id": {"$lt": id.to_string()}};
            filter.insert("$or", vec![doc! {"deleted_at": {"$lt": deleted_at}}, at_the_same_time]);
        }
        let found = self.branches.find(filter).sort(doc! {"deleted_at": -1, "_id": -1});
        let found = found.limit(i64::try_from(limit + 1).unwrap_or(i64::MAX)).await?;
        let found: Vec<BranchDoc> = found.try_collect().await?;
        Ok(DeletedBranchPage::new(found.into_iter().filter_map(entry).collect(), limit))
    }
}

fn entry(branch: BranchDoc) -> Option<DeletedBranch> {
    let time = |micros: Option<i64>| micros.and_then(Timestamp::from_micros);
    let at = DeletionPosition { deleted_at: time(branch.deleted_at)?, id: branch.id };
    let purge_at = time(branch.purge_at)?;
    Some(DeletedBranch { at, name: branch.name, purge_at, branch_count: branch.deleted_count? })
}
