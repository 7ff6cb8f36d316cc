//! Lookups of branches by id.

use crate::domain::Ancestry;
use crate::error::Error;
use crate::store::mongo::content::Mongo;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::fields::texts;
use crate::store::mongo::read::head::head;
use crate::store::navigation::Ancestries;
use crate::store::{Lookup, Node, Target};
use futures_util::TryStreamExt as _;
use mongodb::bson::doc;
use shared::ids::{BranchId, ChatId, UserId};

impl Mongo {
    pub(crate) async fn look_up(&self, owner: UserId, id: BranchId) -> Result<Lookup, Error> {
        Ok(match visible(self, owner, id).await? {
            Lookup::Found(line) => {
                let active = active(self, &line).await?;
                let (depth, id) = head(self, &line.branch).await?;
                Lookup::Found(Box::new(Node { branch: line.branch.branch(depth, id), active }))
            }
            Lookup::Hidden => Lookup::Hidden,
            Lookup::Unknown => Lookup::Unknown,
        })
    }

    pub(crate) async fn locate(&self, owner: UserId, id: BranchId) -> Result<Lookup<Target>, Error> {
        Ok(match visible(self, owner, id).await? {
            Lookup::Found(line) => {
                let BranchDoc { id: branch, chat, .. } = line.branch;
                // Only a chat's id stands for the active branch.
                let active = if line.trunk.is_none() { active(self, &line).await? } else { branch };
                Lookup::Found(Box::new(Target { chat, branch, active }))
            }
            Lookup::Hidden => Lookup::Hidden,
            Lookup::Unknown => Lookup::Unknown,
        })
    }
}

/// A branch that its owner can see, and its trunk unless it is the trunk itself.
struct Visible {
    branch: BranchDoc,
    trunk: Option<BranchDoc>,
}

async fn visible(mongo: &Mongo, owner: UserId, id: BranchId) -> Result<Lookup<Visible>, Error> {
    let Some(branch) = find(mongo, id).await? else { return Ok(Lookup::Unknown) };
    if branch.owner != owner || !branch.alive {
        return Ok(Lookup::Hidden);
    }
    if branch.is_trunk() {
        return Ok(Lookup::Found(Box::new(Visible { branch, trunk: None })));
    }
    match find(mongo, branch.chat.trunk()).await?.filter(|trunk| trunk.alive) {
        Some(trunk) => Ok(Lookup::Found(Box::new(Visible { branch, trunk: Some(trunk) }))),
        None => Ok(Lookup::Hidden),
    }
}

/// The active branch of the chat.
async fn active(mongo: &Mongo, Visible { branch, trunk }: &Visible) -> Result<BranchId, Error> {
    match trunk.as_ref().unwrap_or(branch).active {
        Some(active) if active == branch.id => Ok(active),
        active => living(mongo, active, branch.chat).await,
    }
}

/// The active branch of a chat: the chosen one, or its nearest living ancestor.
pub(crate) async fn living(
    mongo: &Mongo,
    mut chosen: Option<BranchId>,
    chat: ChatId,
) -> Result<BranchId, Error> {
    while let Some(id) = chosen.filter(|chosen| *chosen != chat.trunk()) {
        match find(mongo, id).await? {
            Some(branch) if branch.alive && branch.chat == chat => return Ok(id),
            gone => chosen = gone.and_then(|gone| gone.parent),
        }
    }
    Ok(chat.trunk())
}

/// A branch of this owner, or [`Error::BranchNotFound`].
pub(crate) async fn node(mongo: &Mongo, owner: UserId, id: BranchId) -> Result<Node, Error> {
    match mongo.look_up(owner, id).await? {
        Lookup::Found(node) => Ok(*node),
        Lookup::Hidden | Lookup::Unknown => Err(Error::BranchNotFound),
    }
}

/// A branch or a tombstone.
pub(crate) async fn find(mongo: &Mongo, id: BranchId) -> Result<Option<BranchDoc>, Error> {
    Ok(mongo.branches.find_one(doc! {"_id": id.to_string()}).await?)
}

/// The branches and tombstones with these ids, in any order.
pub(crate) async fn find_all(mongo: &Mongo, mut ids: Vec<BranchId>) -> Result<Vec<BranchDoc>, Error> {
    ids.sort_unstable();
    ids.dedup();
    if let [id] = *ids {
        return Ok(find(mongo, id).await?.into_iter().collect());
    }
    Ok(mongo.branches.find(doc! {"_id": {"$in": texts(ids)}}).await?.try_collect().await?)
}

/// A branch of a chat and its trunk, read in one query.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) branch: Option<BranchDoc>,
    pub(crate) trunk: Option<BranchDoc>,
}

/// Reads a branch of a chat and its trunk. Deleted ones and those of other owners are absent.
pub(crate) async fn line(
    mongo: &Mongo,
    owner: UserId,
    chat: ChatId,
    branch: BranchId,
) -> Result<Line, Error> {
    let found = find_all(mongo, vec![branch, chat.trunk()]).await?;
    let mut line = Line::default();
    for one in found.into_iter().filter(|one| one.alive && one.owner == owner && one.chat == chat) {
        if one.is_trunk() {
            line.trunk = Some(one.clone());
        }
        if one.id == branch {
            line.branch = Some(one);
        }
    }
    Ok(line)
}

impl Line {
    /// Branch and trunk, or the error that says which is absent.
    pub(crate) fn both(self) -> Result<(BranchDoc, BranchDoc), Error> {
        let branch = self.branch.ok_or(Error::BranchNotFound)?;
        Ok((branch, self.trunk.ok_or(Error::ChatNotFound)?))
    }
}

impl Ancestries for Mongo {
    async fn ancestry_of(&self, branch: BranchId) -> Result<Ancestry, Error> {
        find(self, branch).await?.ok_or(Error::BranchNotFound)?.ancestry()
    }
}
