//! Creating trunks; changing branches, the active one, and metadata of messages.

use crate::domain::Message;
use crate::error::Error;
use crate::store::mongo::client::errors::{WriteError, broken, write_error};
use crate::store::mongo::client::retry::RetryDeadline;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::lookup::owned_branch;
use crate::store::mongo::read::target::Target;
use crate::store::mongo::tree::activation::Activation;
use crate::store::{BranchChanges, BranchWithActive, MessageRequest, MetadataUpdate, NewTrunk};
use mongodb::bson::{Document, doc, serialize_to_bson};
use shared::clock::Timestamp;
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

    pub(crate) async fn update_metadata(&self, update: &MetadataUpdate) -> Result<Message, Error> {
        let &MetadataUpdate { owner, message, reading_chat, .. } = update;
        let found = self.read_message(MessageRequest { owner, message, reading_chat }).await?;
        let found = found.ok_or(Error::MessageNotFound)?;
        // A message that was scrubbed meanwhile has no texts and gets no metadata.
        let unscrubbed = doc! {
            "_id": found.id.to_string(), "branch": found.branch.to_string(), "text_bytes": {"$gt": 0_i64},
        };
        let metadata = update.metadata.as_str().to_owned();
        let updated = self.messages.update_one(unscrubbed, doc! {"$set": {"metadata": &metadata}}).await?;
        if updated.matched_count == 0 {
            return Err(Error::MessageNotFound);
        }
        Ok(Message { metadata, ..found })
    }

    pub(crate) async fn update_branch(
        &self,
        owner: UserId,
        branch: BranchId,
        changes: &BranchChanges,
    ) -> Result<BranchWithActive, Error> {
        if !changes.is_empty() {
            let filter = doc! {"_id": branch.to_string(), "owner": owner.to_string(), "alive": true};
            self.branches.update_one(filter, update(changes, self.clock.now())?).await?;
        }
        owned_branch(self, owner, branch).await
    }
}

/// The update that makes these changes.
fn update(changes: &BranchChanges, now: Timestamp) -> Result<Document, Error> {
    let (mut set, mut unset) = (doc! {"changed_at": now.as_micros()}, Document::new());
    match &changes.name {
        Some(Some(name)) => drop(set.insert("name", name.as_str())),
        Some(None) => drop(unset.insert("name", "")),
        None => {}
    }
    if let Some(tags) = &changes.tags {
        set.insert("tags", serialize_to_bson(tags).map_err(broken)?);
    }
    if let Some(archived) = changes.archived {
        set.insert("archived", archived);
    }
    let operators = [("$set", set), ("$unset", unset)];
    let operators = operators.into_iter().filter(|(_, fields)| !fields.is_empty());
    Ok(operators.map(|(operator, fields)| (operator.to_owned(), fields.into())).collect())
}
