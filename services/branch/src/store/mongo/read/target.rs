//! The branch that a request names, and what belongs to it, read in one query where what is cached tells what that is.

use crate::error::Error;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::head::follow_hint;
use crate::store::mongo::read::lookup::{find_by_id, nearest_living};
use crate::store::mongo::read::own_messages;
use crate::store::{BranchWithActive, Lookup, ResolvedId};
use shared::ids::{BranchId, UserId};
use std::collections::HashMap;

impl MongoEngine {
    pub(crate) async fn look_up(&self, owner: UserId, id: BranchId) -> Result<Lookup, Error> {
        Ok(match Target::find(self, owner, id, []).await? {
            Lookup::Found(found) => {
                let branch = with_head(self, found.branch.clone());
                let (active, branch) = futures_util::try_join!(found.active(self), branch)?;
                Lookup::Found(Box::new(BranchWithActive { branch: branch.branch(), active }))
            }
            Lookup::Hidden => Lookup::Hidden,
            Lookup::Unknown => Lookup::Unknown,
        })
    }

    pub(crate) async fn resolve(&self, owner: UserId, id: BranchId) -> Result<Lookup<ResolvedId>, Error> {
        Ok(match Target::find(self, owner, id, []).await? {
            Lookup::Found(found) => Lookup::Found(Box::new(found.resolved(self).await?)),
            Lookup::Hidden => Lookup::Hidden,
            Lookup::Unknown => Lookup::Unknown,
        })
    }
}

/// A branch whose hints are followed.
async fn with_head(mongo: &MongoEngine, mut branch: BranchDoc) -> Result<BranchDoc, Error> {
    follow_hint(mongo, &mut branch).await?;
    own_messages::complete(mongo, std::slice::from_mut(&mut branch)).await?;
    Ok(branch)
}

/// The branch that a request names, which its owner can see.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) branch: BranchDoc,
    /// None if the branch is the trunk.
    trunk: Option<BranchDoc>,
    /// What else was read in the same query: of any chat, also tombstones.
    others: HashMap<BranchId, BranchDoc>,
}

impl Target {
    /// Finds a branch, or a chat's trunk, of this owner. The `others` are read at the same time.
    pub(crate) async fn find(
        mongo: &MongoEngine,
        owner: UserId,
        id: BranchId,
        others: impl IntoIterator<Item = BranchId>,
    ) -> Result<Lookup<Self>, Error> {
        let now = mongo.clock.now();
        let trunk = mongo.branch_cache.get(id, now).map_or(id, |known| known.chat.trunk());
        let guess = mongo.branch_cache.guess_active(trunk);
        let ids = others.into_iter().chain([id, trunk]).chain(guess).collect();
        let mut others = mongo.branch_loader.load_many(ids).await?;
        let Some(branch) = others.remove(&id) else { return Ok(Lookup::Unknown) };
        if branch.owner != owner || !branch.alive {
            return Ok(Lookup::Hidden);
        }
        mongo.branch_cache.add(&branch, now)?;
        let mut trunk = None;
        if !branch.is_trunk() {
            let read = others.remove(&branch.chat.trunk());
            let found = if read.is_some() { read } else { find_by_id(mongo, branch.chat.trunk()).await? };
            trunk = found.filter(|trunk| trunk.alive);
            match &trunk {
                Some(trunk) => mongo.branch_cache.add(trunk, now)?,
                None => return Ok(Lookup::Hidden),
            }
        }
        let target = Self { branch, trunk, others };
        mongo.branch_cache.note_active(target.branch.chat.trunk(), target.trunk().active);
        Ok(Lookup::Found(Box::new(target)))
    }

    /// The trunk of its chat.
    pub(crate) fn trunk(&self) -> &BranchDoc {
        self.trunk.as_ref().unwrap_or(&self.branch)
    }

    /// A living branch of its chat, if it was read in the same query.
    pub(crate) fn branch_of_chat(&self, id: BranchId) -> Option<&BranchDoc> {
        let named = [&self.branch, self.trunk()].into_iter().find(|branch| branch.id == id);
        named.or_else(|| self.others.get(&id)).filter(|branch| self.is_of_chat(branch))
    }

    /// A branch from which a line of its chat may inherit, if it was read in the same query: a living one of the chat, or any of
    /// another chat of its owner.
    pub(crate) fn above_line(&self, id: BranchId) -> Option<&BranchDoc> {
        let of_another =
            |branch: &&BranchDoc| branch.owner == self.branch.owner && branch.chat != self.branch.chat;
        self.branch_of_chat(id).or_else(|| self.others.get(&id).filter(of_another))
    }

    /// Whether a branch is a living one of its chat.
    pub(crate) fn is_of_chat(&self, branch: &BranchDoc) -> bool {
        branch.alive && branch.owner == self.branch.owner && branch.chat == self.branch.chat
    }

    /// The active branch of its chat.
    pub(crate) async fn active(&self, mongo: &MongoEngine) -> Result<BranchId, Error> {
        match self.trunk().active {
            Some(active) if self.branch_of_chat(active).is_some() => Ok(active),
            active => nearest_living(mongo, active, self.branch.chat).await,
        }
    }

    /// What its id stands for: only that of a chat stands for the active branch.
    pub(crate) async fn resolved(&self, mongo: &MongoEngine) -> Result<ResolvedId, Error> {
        let BranchDoc { id: branch, chat, .. } = self.branch;
        let active = if self.branch.is_trunk() { self.active(mongo).await? } else { branch };
        Ok(ResolvedId { chat, branch, active })
    }
}
