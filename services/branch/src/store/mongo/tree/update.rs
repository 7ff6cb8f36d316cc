//! Creating trunks; changing the active branch and names.

use crate::domain::BranchName;
use crate::error::Error;
use crate::store::mongo::client::errors::{WriteError, write_error};
use crate::store::mongo::client::retry::RetryDeadline;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::lookup::owned_branch;
use crate::store::mongo::read::target::Target;
use crate::store::mongo::tree::activation::Activation;
use crate::store::{BranchWithActive, NewTrunk};
use mongodb::bson::doc;
use shared::ids::{BranchId, ChatId, UserId};

impl MongoEngine {
    /// Creates a trunk. An existing one is left as it is.
    pub(crate) async fn create_trunk(&self, trunk: NewTrunk) -> Result<(), Error> {
        match self.branches.insert_one(BranchDoc::trunk(trunk)).await {
            Ok(_) => Ok(()),
            Err(error) if write_error(&error) == WriteError::Duplicate => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Checked once, before the write: a branch that is deleted meanwhile reads as its nearest living ancestor.
    pub(crate) async fn activate(
        &self,
        owner: UserId,
        target: BranchId,
        branch: BranchId,
    ) -> Result<ChatId, Error> {
        let deadline = RetryDeadline::new();
        let target = Target::find(self, owner, target, [branch]).await?.require()?;
        target.branch_of_chat(branch).ok_or(Error::BranchNotFound)?;
        let chat = target.branch.chat;
        self.activations.submit(Activation { chat, branch }, &deadline).await??;
        Ok(chat)
    }

    pub(crate) async fn rename(
        &self,
        owner: UserId,
        branch: BranchId,
        name: Option<&BranchName>,
    ) -> Result<BranchWithActive, Error> {
        let unnamed = doc! {"$unset": {"name": ""}};
        let change = name.map_or(unnamed, |name| doc! {"$set": {"name": name.as_str()}});
        let filter = doc! {"_id": branch.to_string(), "owner": owner.to_string(), "alive": true};
        self.branches.update_one(filter, change).await?;
        owned_branch(self, owner, branch).await
    }
}
