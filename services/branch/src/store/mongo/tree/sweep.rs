//! The sweep: deletes what is behind tombstones, and completes abandoned operations, in steps so small that nobody waits.
//!
//! The first pass makes the children of a tombstone tombstones and deletes its messages; messages with an idempotency key are
//! only scrubbed, because the key must answer for a day. What lines of other chats pass through is kept (see `kept`). An hour later a second pass deletes what raced with the first. After
//! a day the tombstone itself is removed. Every step is idempotent and any replica can take it, so that a crash loses
//! nothing. What is deleted for a while comes to that once it can be restored no longer. While nothing is due it fills in the
//! previews of old messages.

use crate::error::Error;
use crate::store::SweepStep;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::branch_state::BranchState;
use crate::store::mongo::documents::fields::{Id, text, texts};
use crate::store::mongo::documents::undo_state::UndoState;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::lookup::{find_by_id, nearest_living};
use crate::store::mongo::tree::cascade::finish_deletion;
use crate::store::mongo::tree::kept::{KeptDepths, keep, named_by_others, queue_ancestry_parents};
use crate::store::mongo::tree::orphans::settle_due_messages;
use crate::store::mongo::tree::previews::fill_in_previews;
use crate::store::mongo::tree::sweep_messages::{by_ids, delete_or_scrub, find_messages};
use crate::store::mongo::tree::sweep_undo::settle_due_undo;
use crate::store::mongo::tree::tombstones::{Deletion, purge_update, restorable, tombstone_all};
use crate::store::mongo::tree::transitions::{complete_fork, move_active, resolve_deletion_check};
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, OperationId};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// Tombstones, messages or branches of one step.
const DOCUMENTS_PER_SWEEP: i64 = 200;
/// Messages that a step reads to delete them. The last batch of depths may be a little wider than a step.
const MAX_MESSAGES_PER_SWEEP: i64 = 2 * DOCUMENTS_PER_SWEEP;
/// The delay of the second pass.
const SECOND_PASS_DELAY: Duration = Duration::from_secs(60 * 60);

impl MongoEngine {
    pub(crate) async fn sweep(self: &Arc<Self>) -> Result<SweepStep, Error> {
        let is_taken = self.run_to_completion(async move |mongo: Arc<Self>| sweep(&mongo).await).await?;
        Ok(if is_taken { SweepStep::Taken } else { SweepStep::NothingDue })
    }
}

/// Takes the next step. False if nothing is due.
async fn sweep(mongo: &MongoEngine) -> Result<bool, Error> {
    let now = mongo.clock.now();
    if settle_due_messages(mongo, now, DOCUMENTS_PER_SWEEP).await? {
        return Ok(true);
    }
    if finish_abandoned(mongo, now).await?
        || settle_due_undo(mongo, now, DOCUMENTS_PER_SWEEP).await?
        || clear_away(mongo, now).await?
    {
        return Ok(true);
    }
    fill_in_previews(mongo, now).await
}

/// Finishes abandoned forks and deletion checks. False if there are none.
async fn finish_abandoned(mongo: &MongoEngine, now: Timestamp) -> Result<bool, Error> {
    let forks = due(mongo, BranchState::Forking, now).await?;
    if !forks.is_empty() {
        complete_abandoned_forks(mongo, &forks).await?;
        return Ok(true);
    }
    let checks = due(mongo, BranchState::Checking, now).await?;
    resolve_abandoned_checks(mongo, &checks).await?;
    Ok(!checks.is_empty())
}

/// Takes the next step for the tombstones that can be restored no longer. False if nothing is due.
async fn clear_away(mongo: &MongoEngine, now: Timestamp) -> Result<bool, Error> {
    for state in [BranchState::Tombstone, BranchState::FirstPassDone, BranchState::SecondPassDone] {
        let found = due(mongo, state, now).await?;
        if found.is_empty() {
            continue;
        }
        match state {
            BranchState::FirstPassDone => second_pass(mongo, &found).await?,
            BranchState::SecondPassDone => remove_tombstones(mongo, &found).await?,
            _ => first_pass(mongo, &found, now).await?,
        }
        return Ok(true);
    }
    Ok(false)
}

/// Due branches in a state, of one chat the deepest first.
async fn due(mongo: &MongoEngine, state: BranchState, now: Timestamp) -> Result<Vec<BranchDoc>, Error> {
    let filter = doc! {"state": state.name(), "due": {"$lte": now.as_micros()}};
    let found = mongo.branches.find(filter).sort(doc! {"due": 1, "level": -1}).limit(DOCUMENTS_PER_SWEEP);
    Ok(found.await?.try_collect().await?)
}

/// Completes abandoned forks.
async fn complete_abandoned_forks(mongo: &MongoEngine, forks: &[BranchDoc]) -> Result<(), Error> {
    for fork in forks {
        match complete_fork(mongo, fork).await {
            Ok(()) | Err(Error::MessageNotFound | Error::BranchNotFound | Error::ChatNotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Resolves abandoned deletion checks.
async fn resolve_abandoned_checks(mongo: &MongoEngine, checks: &[BranchDoc]) -> Result<(), Error> {
    for check in checks {
        let op = check.op.unwrap_or_else(OperationId::generate);
        let deletion = Deletion::new(mongo.clock.now(), mongo.undo_window, op);
        resolve_deletion_check(mongo, check, op, deletion).await?;
        let resolved = find_by_id(mongo, check.id).await?;
        if let Some(deleting) = resolved.filter(|branch| branch.undo == Some(UndoState::Deleting)) {
            finish_deletion(mongo, &deleting).await?;
        }
    }
    Ok(())
}

/// The first pass, in batches of depths: not every server stops at a `limit`, so that ranges need both bounds.
async fn first_pass(mongo: &MongoEngine, tombstones: &[BranchDoc], now: Timestamp) -> Result<(), Error> {
    if tombstone_orphans(mongo, tombstones).await? {
        return Ok(());
    }
    let kept = KeptDepths::read(mongo, tombstones).await?;
    let batches = next_batches(tombstones, &kept);
    let ranges: Vec<_> = batches.iter().map(DepthBatch::range).collect();
    delete_or_scrub(mongo, doc! {"$or": ranges}, MAX_MESSAGES_PER_SWEEP).await?;
    let with_more = branches_with_more(mongo, &batches).await?;
    let has_more =
        |batch: &DepthBatch<'_>| batch.to < batch.branch.head_depth || with_more.contains(&batch.branch.id);
    move_active_off_tombstones(
        mongo,
        batches.iter().filter(|batch| !has_more(batch)).map(|batch| batch.branch),
    )
    .await?;
    let mut deleted = Vec::new();
    for batch in &batches {
        let (id, last_kept) = (batch.branch.id.to_string(), kept.last(batch.branch));
        let change = if has_more(batch) {
            doc! {"$set": {"cleared_to": batch.to, "kept_to": last_kept}}
        } else if kept.has(batch.branch) {
            keep(mongo, batch.branch, last_kept).await?;
            continue;
        } else {
            deleted.push(batch.branch);
            let due = now.plus(SECOND_PASS_DELAY).as_micros();
            doc! {"$set": {"state": BranchState::FirstPassDone.name(), "due": due}, "$unset": {"name": "", "preview": "", "tags": "", "cleared_to": "", "kept_to": ""}}
        };
        mongo.branches.update_one(doc! {"_id": id, "state": BranchState::Tombstone.name()}, change).await?;
    }
    queue_ancestry_parents(mongo, deleted, now).await
}

/// The depths of a branch whose messages a step deletes.
#[derive(Debug, Clone, Copy)]
struct DepthBatch<'a> {
    branch: &'a BranchDoc,
    from: i64,
    to: i64,
}

impl DepthBatch<'_> {
    fn range(&self) -> Document {
        doc! {"branch": self.branch.id.to_string(), "depth": {"$gte": self.from, "$lte": self.to}}
    }
}

/// The next batches of these branches, [`DOCUMENTS_PER_SWEEP`] depths in all.
fn next_batches<'a>(tombstones: &'a [BranchDoc], kept: &KeptDepths) -> Vec<DepthBatch<'a>> {
    let mut left = DOCUMENTS_PER_SWEEP;
    let mut batches = Vec::new();
    for branch in tombstones {
        let last_kept = kept.last(branch);
        // Messages that were kept before may be kept no longer.
        let is_as_before = branch.kept_depth.unwrap_or(branch.fork_depth) == last_kept;
        let from = branch.first_pass_depth.filter(|_| is_as_before).unwrap_or(last_kept) + 1;
        // Up to the hint, and a little past it, as it may be behind.
        let width = (branch.head_depth - from + 2).clamp(2, left.max(2));
        batches.push(DepthBatch { branch, from, to: from + width - 1 });
        left -= width;
        if left <= 0 {
            break;
        }
    }
    batches
}

/// The branches that have a message at the depth after their batch.
async fn branches_with_more(
    mongo: &MongoEngine,
    batches: &[DepthBatch<'_>],
) -> Result<HashSet<BranchId>, Error> {
    #[derive(Debug, Deserialize)]
    struct BranchOnly {
        #[serde(with = "text")]
        branch: BranchId,
    }
    let next =
        batches.iter().map(|batch| doc! {"branch": batch.branch.id.to_string(), "depth": batch.to + 1});
    let next = doc! {"$or": next.collect::<Vec<_>>()};
    let typed = mongo.messages.clone_with_type::<BranchOnly>();
    let found = typed.find(next).projection(doc! {"_id": 0, "branch": 1});
    let found: Vec<BranchOnly> = found.await?.try_collect().await?;
    Ok(found.into_iter().map(|of| of.branch).collect())
}

/// Makes the living children of tombstones tombstones, and those that could be restored; for a trunk, all branches of its chat. True if
/// there were any.
async fn tombstone_orphans(mongo: &MongoEngine, tombstones: &[BranchDoc]) -> Result<bool, Error> {
    let trunks: Vec<_> = tombstones.iter().filter(|branch| branch.is_trunk()).collect();
    let chats = texts(trunks.iter().map(|trunk| trunk.chat));
    let parents = texts(tombstones.iter().map(|branch| branch.id));
    for below in [doc! {"root": {"$in": chats}}, doc! {"parent": {"$in": parents}}] {
        for state in [doc! {"alive": true}, doc! {"purge_at": {"$gt": 0_i64}}] {
            let mut filter = below.clone();
            filter.extend(state);
            let typed = mongo.branches.clone_with_type::<Id<BranchId>>();
            let orphans = typed.find(filter).limit(DOCUMENTS_PER_SWEEP);
            let orphans: Vec<_> = orphans.projection(doc! {"_id": 1}).await?.try_collect().await?;
            let orphans: Vec<_> = orphans.into_iter().map(|orphan| orphan.id).collect();
            if !orphans.is_empty() {
                let now = mongo.clock.now();
                tombstone_all(mongo, &orphans, Deletion::for_good(now)).await?;
                mongo.branches.update_many(restorable(&orphans), purge_update(now)).await?;
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Where one of these tombstones is the active branch of its chat, its nearest living ancestor becomes active: its parent may
/// be a tombstone as well, and removed already.
async fn move_active_off_tombstones(
    mongo: &MongoEngine,
    tombstones: impl IntoIterator<Item = &BranchDoc>,
) -> Result<(), Error> {
    let gone: Vec<_> = tombstones.into_iter().filter(|branch| !branch.is_trunk()).collect();
    let chats: HashSet<ChatId> = gone.iter().map(|branch| branch.chat).collect();
    let gone: HashSet<_> = gone.into_iter().map(|branch| branch.id).collect();
    let trunks = mongo.branch_loader.load_many(chats.into_iter().map(ChatId::trunk).collect()).await?;
    for trunk in trunks.into_values() {
        if let Some(active) = trunk.active.filter(|active| trunk.alive && gone.contains(active)) {
            let heir = nearest_living(mongo, Some(active), trunk.chat).await?;
            move_active(mongo, trunk.chat, &[active], heir).await?;
        }
    }
    Ok(())
}

/// The second pass: all messages with texts, at any depth.
async fn second_pass(mongo: &MongoEngine, tombstones: &[BranchDoc]) -> Result<(), Error> {
    if tombstone_orphans(mongo, tombstones).await? {
        return Ok(());
    }
    let ids = texts(tombstones.iter().map(|branch| branch.id));
    let with_texts = doc! {"branch": {"$in": ids}, "text_bytes": {"$gt": 0_i64}};
    if delete_or_scrub(mongo, with_texts, MAX_MESSAGES_PER_SWEEP).await? {
        return Ok(());
    }
    move_active_off_tombstones(mongo, tombstones).await?;
    queue_ancestry_parents(mongo, tombstones, mongo.clock.now()).await?;
    for tombstone in tombstones {
        let deleted = tombstone.deleted_at.and_then(Timestamp::from_micros);
        let due =
            deleted.unwrap_or_else(|| mongo.clock.now()).plus(mongo.undo_window.retention()).as_micros();
        let change = doc! {"$set": {"state": BranchState::SecondPassDone.name(), "due": due}};
        let filter = doc! {"_id": tombstone.id.to_string(), "state": BranchState::FirstPassDone.name()};
        mongo.branches.update_one(filter, change).await?;
    }
    Ok(())
}

/// Removes tombstones with their scrubbed messages, once their ids and keys are free again.
async fn remove_tombstones(mongo: &MongoEngine, tombstones: &[BranchDoc]) -> Result<(), Error> {
    if tombstone_orphans(mongo, tombstones).await? {
        return Ok(());
    }
    let ids = texts(tombstones.iter().map(|branch| branch.id));
    let left = find_messages(mongo, doc! {"branch": {"$in": ids.clone()}}, MAX_MESSAGES_PER_SWEEP).await?;
    if !left.is_empty() {
        mongo.messages.delete_many(by_ids(left)).await?;
        return Ok(());
    }
    move_active_off_tombstones(mongo, tombstones).await?;
    let named = named_by_others(mongo, tombstones).await?;
    let (later, ids): (Vec<_>, Vec<_>) =
        tombstones.iter().map(|branch| branch.id).partition(|id| named.contains(id));
    let swept =
        |ids| doc! {"_id": {"$in": texts::<BranchId>(ids)}, "state": BranchState::SecondPassDone.name()};
    if !later.is_empty() {
        let due = mongo.clock.now().plus(SECOND_PASS_DELAY).as_micros();
        mongo.branches.update_many(swept(later), doc! {"$set": {"due": due}}).await?;
    }
    mongo.branches.delete_many(swept(ids)).await?;
    Ok(())
}
