//! Lookups of branches by id.

use crate::domain::Ancestry;
use crate::error::Error;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::navigation::AncestryReader;
use crate::store::{BranchWithActive, Lookup};
use shared::ids::{BranchId, ChatId, UserId};
use std::collections::BTreeSet;

/// The active branch of a chat: the chosen one, or its nearest living ancestor.
pub(crate) async fn nearest_living(
    mongo: &MongoEngine,
    mut chosen: Option<BranchId>,
    chat: ChatId,
) -> Result<BranchId, Error> {
    while let Some(id) = chosen.filter(|chosen| *chosen != chat.trunk()) {
        match find_by_id(mongo, id).await? {
            Some(branch) if branch.alive && branch.chat == chat => return Ok(id),
            gone => chosen = gone.and_then(|gone| gone.parent),
        }
    }
    Ok(chat.trunk())
}

/// A branch of this owner, or [`Error::BranchNotFound`].
pub(crate) async fn owned_branch(
    mongo: &MongoEngine,
    owner: UserId,
    id: BranchId,
) -> Result<BranchWithActive, Error> {
    match mongo.look_up(owner, id).await? {
        Lookup::Found(found) => Ok(*found),
        Lookup::Hidden | Lookup::Unknown => Err(Error::BranchNotFound),
    }
}

/// A branch or a tombstone.
pub(crate) async fn find_by_id(mongo: &MongoEngine, id: BranchId) -> Result<Option<BranchDoc>, Error> {
    mongo.branch_loader.load_one(id).await
}

/// A branch of a chat and its trunk, read in one query.
#[derive(Debug, Default)]
pub(crate) struct BranchWithTrunk {
    pub(crate) branch: Option<BranchDoc>,
    pub(crate) trunk: Option<BranchDoc>,
}

/// Reads a branch of a chat and its trunk. Deleted ones and those of other owners are absent.
pub(crate) async fn branch_with_trunk(
    mongo: &MongoEngine,
    owner: UserId,
    chat: ChatId,
    branch: BranchId,
) -> Result<BranchWithTrunk, Error> {
    let found = mongo.branch_loader.load_many(BTreeSet::from([branch, chat.trunk()])).await?;
    let (mut pair, now) = (BranchWithTrunk::default(), mongo.clock.now());
    for one in found.into_values().filter(|one| one.alive && one.owner == owner && one.chat == chat) {
        mongo.branch_cache.add(&one, now)?;
        if one.is_trunk() {
            pair.trunk = Some(one.clone());
        }
        if one.id == branch {
            pair.branch = Some(one);
        }
    }
    Ok(pair)
}

impl BranchWithTrunk {
    /// Branch and trunk, or the error that says which is absent.
    pub(crate) fn require_both(self) -> Result<(BranchDoc, BranchDoc), Error> {
        let branch = self.branch.ok_or(Error::BranchNotFound)?;
        Ok((branch, self.trunk.ok_or(Error::ChatNotFound)?))
    }
}

/// The ancestry of a branch or a tombstone.
pub(crate) async fn ancestry_of(mongo: &MongoEngine, branch: BranchId) -> Result<Ancestry, Error> {
    let now = mongo.clock.now();
    if let Some(known) = mongo.branch_cache.get(branch, now) {
        return Ok(known.ancestry.clone());
    }
    let found = find_by_id(mongo, branch).await?.ok_or(Error::BranchNotFound)?;
    mongo.branch_cache.add(&found, now)?;
    found.ancestry()
}

impl AncestryReader for &MongoEngine {
    async fn read_ancestry(&mut self, branch: BranchId) -> Result<Ancestry, Error> {
        ancestry_of(self, branch).await
    }

    async fn read_both(&mut self, left: BranchId, right: BranchId) -> Result<(Ancestry, Ancestry), Error> {
        futures_util::try_join!(ancestry_of(self, left), ancestry_of(self, right))
    }
}
