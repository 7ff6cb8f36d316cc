//! Messages whose branch and chat are alive.

use crate::error::Error;
use crate::store::mongo::documents::fields::texts;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::message_entry::{EntryDoc, entry_fields};
use futures_util::TryStreamExt as _;
use mongodb::bson::doc;
use shared::ids::{BranchId, ResponseId};

impl MongoEngine {
    pub(crate) async fn living_messages(&self, ids: &[ResponseId]) -> Result<Vec<ResponseId>, Error> {
        let typed = self.messages.clone_with_type::<EntryDoc>();
        let found = typed.find(doc! {"_id": {"$in": texts(ids)}}).projection(entry_fields());
        let found: Vec<_> = found.await?.try_collect().await?;
        let lines = found.iter().flat_map(|message| [message.branch, message.chat.trunk()]).collect();
        let branches = self.branch_loader.load_many(lines).await?;
        let is_alive = |branch: BranchId| branches.get(&branch).is_some_and(|branch| branch.alive);
        let living =
            found.iter().filter(|message| is_alive(message.branch) && is_alive(message.chat.trunk()));
        Ok(living.map(|message| message.id).collect())
    }
}
