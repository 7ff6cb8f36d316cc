//! The comparison of two lines.

use crate::error::Error;
use crate::store::comparison::{LineReader, LineWithHead, compare};
use crate::store::mongo::documents::fields::Id;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::head::head;
use crate::store::mongo::read::target::Target;
use crate::store::{Comparison, Lookup};
use mongodb::bson::doc;
use shared::ids::{BranchId, ResponseId, UserId};

impl MongoEngine {
    pub(crate) async fn compare(
        &self,
        owner: UserId,
        left: BranchId,
        right: BranchId,
    ) -> Result<Comparison, Error> {
        let (left, right) = futures_util::try_join!(line(self, owner, left), line(self, owner, right))?;
        compare(self, left, right).await
    }
}

async fn line(mongo: &MongoEngine, owner: UserId, id: BranchId) -> Result<LineWithHead, Error> {
    let branch = match Target::find(mongo, owner, id, []).await? {
        Lookup::Found(target) => target.branch,
        Lookup::Hidden => return Err(Error::BranchNotFound),
        Lookup::Unknown => return Err(Error::TargetUnknown),
    };
    let (head_depth, head) = head(mongo, &branch).await?;
    Ok(LineWithHead { ancestry: branch.ancestry()?, head_depth, head })
}

impl LineReader for &MongoEngine {
    async fn message_at(&mut self, branch: BranchId, depth: i64) -> Result<Option<ResponseId>, Error> {
        let typed = self.messages.clone_with_type::<Id<ResponseId>>();
        let found = typed.find_one(doc! {"branch": branch.to_string(), "depth": depth});
        Ok(found.projection(doc! {"_id": 1}).await?.map(|found| found.id))
    }
}
