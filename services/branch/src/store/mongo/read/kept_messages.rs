//! Messages whose own chat is deleted, and which are kept because the line of a living fork passes through them.

use crate::error::Error;
use crate::store::mongo::documents::fields::{text, texts};
use crate::store::mongo::engine::MongoEngine;
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use shared::ids::{BranchId, ChatId};
use std::collections::{BTreeSet, HashSet};

/// The part of a branch that says whether its line can be read.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Follower {
    #[serde(rename = "_id", with = "text")]
    id: BranchId,
    #[serde(rename = "root", with = "text")]
    chat: ChatId,
    alive: bool,
}

/// Filters for the branches whose parent in the ancestry is one of these.
pub(crate) fn children_in_ancestry(parents: &[String]) -> [Document; 2] {
    [doc! {"stands_on": {"$in": parents}}, doc! {"parent": {"$in": parents}, "stands_on": null}]
}

/// Whether the line of a living fork of a chat that is deleted passes through the message that a branch of it owns at a depth. It costs
/// with the number of branches that stand on this one.
pub(crate) async fn is_kept(
    mongo: &MongoEngine,
    gone: ChatId,
    (branch, depth): (BranchId, i64),
) -> Result<bool, Error> {
    let (mut seen, mut parents) = (HashSet::from([branch]), vec![branch]);
    while !parents.is_empty() {
        let mut followers = Vec::new();
        for mut filter in children_in_ancestry(&texts(&parents)) {
            filter.insert("fork_depth", doc! {"$gte": depth});
            let typed = mongo.branches.clone_with_type::<Follower>();
            let found = typed.find(filter).projection(doc! {"_id": 1, "root": 1, "alive": 1});
            followers.extend(found.await?.try_collect::<Vec<_>>().await?);
        }
        followers.retain(|follower| seen.insert(follower.id));
        let chats: BTreeSet<_> = followers
            .iter()
            .filter(|follower| follower.alive && follower.chat != gone)
            .map(|follower| follower.chat.trunk())
            .collect();
        let trunks = mongo.branch_loader.load_many(chats).await?;
        if trunks.values().any(|trunk| trunk.alive) {
            return Ok(true);
        }
        parents = followers.into_iter().map(|follower| follower.id).collect();
    }
    Ok(false)
}
