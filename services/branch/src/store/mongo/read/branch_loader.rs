//! Branches and tombstones by id, for many requests in one query.

use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::fields::by_ids;
use crate::store::mongo::read::data_loader::{LoadResult, Loader};
use futures_util::TryStreamExt as _;
use mongodb::Collection;
use shared::ids::BranchId;
use std::collections::BTreeSet;

/// Reads branches and tombstones by id.
#[derive(Debug)]
pub(crate) struct BranchLoader(pub(crate) Collection<BranchDoc>);

impl Loader for BranchLoader {
    type Key = BranchId;
    type Value = BranchDoc;

    async fn load(&self, ids: &BTreeSet<BranchId>) -> LoadResult<Self> {
        // One more than there can be, so that the cursor is exhausted by the first batch.
        let batch = u32::try_from(ids.len() + 1).unwrap_or(u32::MAX);
        let found = self.0.find(by_ids(ids)).batch_size(batch).await?;
        Ok(found.map_ok(|branch| (branch.id, branch)).try_collect().await?)
    }
}
