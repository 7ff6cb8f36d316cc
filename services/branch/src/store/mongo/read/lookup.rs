//! Lookups of branches by id.

use crate::domain::Ancestry;
use crate::error::Error;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::fields::texts;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::head::head;
use crate::store::navigation::AncestryReader;
use crate::store::{BranchWithActive, Lookup, ResolvedId};
use futures_util::TryStreamExt as _;
use mongodb::bson::doc;
use shared::ids::{BranchId, ChatId, UserId};

impl MongoEngine {
    pub(crate) async fn look_up(&self, owner: UserId, id: BranchId) -> Result<Lookup, Error> {
        Ok(match find_visible(self, owner, id).await? {
            Lookup::Found(found) => {
                let active = active_branch(self, &found).await?;
                let (depth, id) = head(self, &found.branch).await?;
                Lookup::Found(Box::new(BranchWithActive { branch: found.branch.branch(depth, id), active }))
            }
            Lookup::Hidden => Lookup::Hidden,
            Lookup::Unknown => Lookup::Unknown,
        })
    }

    pub(crate) async fn resolve(&self, owner: UserId, id: BranchId) -> Result<Lookup<ResolvedId>, Error> {
        Ok(match find_visible(self, owner, id).await? {
            Lookup::Found(found) => {
                let BranchDoc { id: branch, chat, .. } = found.branch;
                // Only a chat's id stands for the active branch.
                let active = if found.trunk.is_none() { active_branch(self, &found).await? } else { branch };
                Lookup::Found(Box::new(ResolvedId { chat, branch, active }))
            }
            Lookup::Hidden => Lookup::Hidden,
            Lookup::Unknown => Lookup::Unknown,
        })
    }
}

/// A branch that its owner can see, and its trunk unless it is the trunk itself.
struct VisibleBranch {
    branch: BranchDoc,
    trunk: Option<BranchDoc>,
}

async fn find_visible(
    mongo: &MongoEngine,
    owner: UserId,
    id: BranchId,
) -> Result<Lookup<VisibleBranch>, Error> {
    let (now, known) = (mongo.clock.now(), mongo.branch_cache.get(id, mongo.clock.now()));
    // Where the chat is known, the trunk is read together with the branch.
    let known_trunk = known.map(|known| known.chat.trunk());
    let mut found = find_by_ids(mongo, known_trunk.into_iter().chain([id]).collect()).await?;
    let Some(branch) = take(&mut found, id) else { return Ok(Lookup::Unknown) };
    if branch.owner != owner || !branch.alive {
        return Ok(Lookup::Hidden);
    }
    mongo.branch_cache.add(&branch, now)?;
    if branch.is_trunk() {
        return Ok(Lookup::Found(Box::new(VisibleBranch { branch, trunk: None })));
    }
    let trunk = match take(&mut found, branch.chat.trunk()) {
        Some(trunk) => Some(trunk),
        None => find_by_id(mongo, branch.chat.trunk()).await?,
    };
    Ok(match trunk.filter(|trunk| trunk.alive) {
        Some(trunk) => Lookup::Found(Box::new(VisibleBranch { branch, trunk: Some(trunk) })),
        None => Lookup::Hidden,
    })
}

/// Takes the branch with this id out of those that were found.
fn take(found: &mut Vec<BranchDoc>, id: BranchId) -> Option<BranchDoc> {
    let position = found.iter().position(|branch| branch.id == id);
    position.map(|position| found.swap_remove(position))
}

/// The active branch of the chat.
async fn active_branch(
    mongo: &MongoEngine,
    VisibleBranch { branch, trunk }: &VisibleBranch,
) -> Result<BranchId, Error> {
    match trunk.as_ref().unwrap_or(branch).active {
        Some(active) if active == branch.id => Ok(active),
        active => nearest_living(mongo, active, branch.chat).await,
    }
}

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
    Ok(mongo.branches.find_one(doc! {"_id": id.to_string()}).await?)
}

/// The branches and tombstones with these ids, in any order.
pub(crate) async fn find_by_ids(
    mongo: &MongoEngine,
    mut ids: Vec<BranchId>,
) -> Result<Vec<BranchDoc>, Error> {
    ids.sort_unstable();
    ids.dedup();
    if let [id] = *ids {
        return Ok(find_by_id(mongo, id).await?.into_iter().collect());
    }
    Ok(mongo.branches.find(doc! {"_id": {"$in": texts(ids)}}).await?.try_collect().await?)
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
    let found = find_by_ids(mongo, vec![branch, chat.trunk()]).await?;
    let mut pair = BranchWithTrunk::default();
    for one in found.into_iter().filter(|one| one.alive && one.owner == owner && one.chat == chat) {
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

impl AncestryReader for MongoEngine {
    async fn read_ancestry(&self, branch: BranchId) -> Result<Ancestry, Error> {
        let now = self.clock.now();
        if let Some(known) = self.branch_cache.get(branch, now) {
            return Ok(known.ancestry.clone());
        }
        let found = find_by_id(self, branch).await?.ok_or(Error::BranchNotFound)?;
        self.branch_cache.add(&found, now)?;
        found.ancestry()
    }
}
