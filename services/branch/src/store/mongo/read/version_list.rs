//! The list of the versions of a message.

use crate::domain::{Order, Previews};
use crate::error::Error;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::fields::{text, texts};
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::first_messages::unhinted;
use crate::store::mongo::read::head::follow_hints;
use crate::store::mongo::read::parents::ListedParent;
use crate::store::mongo::read::previews;
use crate::store::mongo::read::time_ranges::TimeRanges;
use crate::store::mongo::read::version_counts::{count_hinted_before, number_of};
use crate::store::mongo::read::version_page::hinted_after;
use crate::store::navigation::{MAX_RECENT_BRANCHES, RecentBranch, open_branches};
use crate::store::version_list::{OpenBranch, VersionKey, VersionsOf, cut};
use crate::store::{TimePosition, VersionEntry, VersionPage};
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use shared::ids::{BranchId, ChatId, ResponseId};
use std::collections::HashMap;

impl MongoEngine {
    pub(crate) async fn list_versions(
        &self,
        of: VersionsOf,
        after: Option<TimePosition>,
        limit: usize,
    ) -> Result<VersionPage, Error> {
        let origin = (of.chat, of.parent);
        let Some(parent) = ListedParent::read(self, origin).await? else {
            return Ok(VersionPage { items: Vec::new(), next: None });
        };
        let (unhinted, next) = futures_util::try_join!(unhinted(self, origin), parent.following(self))?;
        let mut found = hinted_after(self, origin, &parent, &unhinted, after, limit + 1).await?;
        let others: Vec<_> = unhinted.iter().copied().chain(next).collect();
        found.extend(others.iter().filter(|other| other.comes_after(after)));
        let (found, more) = cut(found, limit);
        let Some(first) = found.iter().min() else {
            return Ok(VersionPage { items: Vec::new(), next: more });
        };
        let (before, open, heads, mut previews) = futures_util::try_join!(
            count_hinted_before(self, origin, first.time_and_id(), &unhinted),
            open(self, of),
            heads(self, of.chat, &found),
            previews_of(self, &found),
        )?;
        let number = before + number_of(others.iter().filter(|other| *other < first).count()) + 1;
        let entry = |(key, number): (VersionKey, i64)| {
            let VersionKey { id, branch, created_at } = key;
            let own = if heads.contains_key(&branch) { branch } else { of.chat.trunk() };
            let own = OpenBranch { branch: own, head: heads.get(&own).copied().flatten() };
            let open = open.get(&branch).copied().unwrap_or(own);
            // One that was deleted meanwhile is left out.
            let previews = previews.remove(&id)?;
            Some(VersionEntry { id, branch, number, created_at, previews, open })
        };
        Ok(VersionPage { items: found.into_iter().zip(number..).filter_map(entry).collect(), next: more })
    }
}

/// The branches to activate, by the branches that own the versions.
async fn open(mongo: &MongoEngine, of: VersionsOf) -> Result<HashMap<BranchId, OpenBranch>, Error> {
    let Some(trunk) = mongo.branch_loader.load_one(of.chat.trunk()).await? else { return Ok(HashMap::new()) };
    let mut recent = recently_active(mongo, &trunk).await?;
    follow_hints(mongo, &mut recent).await?;
    let recent = recent.into_iter().map(|branch| {
        Ok(RecentBranch { ancestry: branch.ancestry()?, head_depth: branch.head_depth, head: branch.head })
    });
    open_branches(mongo, recent.collect::<Result<_, Error>>()?, of.depth).await
}

/// The branches of a chat that were last made active, the newest first.
async fn recently_active(mongo: &MongoEngine, trunk: &BranchDoc) -> Result<Vec<BranchDoc>, Error> {
    let (now, oldest) = (mongo.clock.now(), trunk.created_at.as_micros());
    let age = now.as_micros().saturating_sub(oldest).max(0);
    let width = age.saturating_mul(MAX_RECENT_BRANCHES) / trunk.forks.max(MAX_RECENT_BRANCHES);
    let read = async |range: Document, count: usize| {
        let filter = doc! {"root": trunk.chat.to_string(), "alive": true, "activated_at": range};
        let found = mongo.branches.find(filter).sort(doc! {"activated_at": -1, "_id": -1});
        Ok(found.limit(i64::try_from(count).unwrap_or(i64::MAX)).await?.try_collect().await?)
    };
    let ranges = TimeRanges::new(Order::Desc, None, oldest, now).with_width(width);
    ranges.read(Vec::new(), usize::try_from(MAX_RECENT_BRANCHES).unwrap_or(usize::MAX), read).await
}

/// The heads of those branches of these versions that are of the chat, and of its trunk, which has those that are inherited.
async fn heads(
    mongo: &MongoEngine,
    chat: ChatId,
    found: &[VersionKey],
) -> Result<HashMap<BranchId, Option<ResponseId>>, Error> {
    let branches = found.iter().map(|version| version.branch).chain([chat.trunk()]).collect();
    let branches = mongo.branch_loader.load_many(branches).await?;
    let mut branches: Vec<_> = branches.into_values().filter(|branch| branch.chat == chat).collect();
    follow_hints(mongo, &mut branches).await?;
    Ok(branches.into_iter().map(|branch| (branch.id, branch.head)).collect())
}

#[derive(Debug, Deserialize)]
struct PreviewsDoc {
    #[serde(rename = "_id", with = "text")]
    id: ResponseId,
    question_preview: Option<String>,
    response_preview: Option<String>,
}

async fn previews_of(
    mongo: &MongoEngine,
    found: &[VersionKey],
) -> Result<HashMap<ResponseId, Previews>, Error> {
    let typed = mongo.messages.clone_with_type::<PreviewsDoc>();
    let stored = typed.find(doc! {"_id": {"$in": texts(found.iter().map(|version| version.id))}});
    let stored = stored.projection(doc! {"_id": 1, "question_preview": 1, "response_preview": 1});
    let stored: Vec<_> = stored.await?.try_collect().await?;
    let (mut previews, mut old) = (HashMap::new(), Vec::new());
    for PreviewsDoc { id, question_preview, response_preview } in stored {
        match question_preview.zip(response_preview) {
            Some((question, response)) => _ = previews.insert(id, Previews { question, response }),
            None => old.push(id),
        }
    }
    previews.extend(previews::compute(mongo, &old).await?);
    Ok(previews)
}
