//! Answers that were inserted after the head of a line, and are not confirmed yet.
//!
//! A message that meets the deletion of its branch stays there if the branch can be restored, as others may have followed it. An
//! answer must not: whoever is told that it is not stored drops it for good. So each transition is one conditional write, of which only
//! one is made:
//!
//! ```text
//!   insert ---> [ provisional ] --- confirm: its line lives, or something is about to follow it ---> (at rest)
//!                      |
//!                      '----------- discard: its line is gone ---> deleted
//! ```
//!
//! What forks from it marks it before, and a marked one is not discarded.

use crate::domain::{branch_instead_of, branch_of};
use crate::error::Error;
use crate::store::mongo::documents::branch_state::BranchState;
use crate::store::mongo::documents::fields::Id;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::lookup::find_by_id;
use crate::store::mongo::tree::transitions::roll_back_fork;
use mongodb::bson::doc;
use shared::ids::{ResponseId, UserId};

impl MongoEngine {
    /// Removes what a store of this answer has left that was neither completed nor undone.
    pub(crate) async fn discard_answer(&self, owner: UserId, id: ResponseId) -> Result<(), Error> {
        discard(self, owner, id).await?;
        let mut branch = branch_of(id);
        while let Some(found) = find_by_id(self, branch).await?.filter(|found| found.owner == owner) {
            if found.aborted {
                branch = branch_instead_of(branch);
                continue;
            }
            if found.alive && found.is_in(BranchState::Forking) && found.answer_line.is_some() {
                roll_back_fork(self, &found).await?;
            }
            break;
        }
        Ok(())
    }
}

/// Confirms an answer. False if it is not there any more.
pub(crate) async fn confirm(mongo: &MongoEngine, answer: ResponseId) -> Result<bool, Error> {
    let provisional = doc! {"_id": answer.to_string(), "provisional": true};
    let confirmed = mongo.messages.update_one(provisional, doc! {"$unset": {"provisional": ""}}).await?;
    Ok(confirmed.matched_count > 0 || is_there(mongo, answer).await?)
}

/// Deletes an answer that is not confirmed. False if it stays.
pub(super) async fn discard(mongo: &MongoEngine, owner: UserId, answer: ResponseId) -> Result<bool, Error> {
    let (id, owner) = (answer.to_string(), owner.to_string());
    let provisional = doc! {"_id": id, "owner": owner, "provisional": true, "forked": false};
    let discarded = mongo.messages.delete_one(provisional).await?;
    Ok(discarded.deleted_count > 0 || !is_there(mongo, answer).await?)
}

async fn is_there(mongo: &MongoEngine, message: ResponseId) -> Result<bool, Error> {
    let typed = mongo.messages.clone_with_type::<Id<ResponseId>>();
    let found = typed.find_one(doc! {"_id": message.to_string()}).projection(doc! {"_id": 1});
    Ok(found.await?.is_some())
}
