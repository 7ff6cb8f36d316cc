//! The sweep: deletes what is behind tombstones, and ends abandoned operations, in steps so small that nobody waits.
//!
//! The first pass makes the children of a tombstone tombstones and deletes its messages; messages with an idempotency key are
//! only scrubbed, because the key must answer for a day. An hour later a second pass deletes what raced with the first. After
//! a day the tombstone itself is removed. Every step is idempotent and any replica can take it, so that a crash loses
//! nothing.

use crate::domain::RETENTION;
use crate::error::Error;
use crate::store::mongo::content::Mongo;
use crate::store::mongo::documents::branch::{BranchDoc, BranchState};
use crate::store::mongo::documents::fields::{Id, text, texts};
use crate::store::mongo::read::lookup::{find_all, living};
use crate::store::mongo::tree::transitions::{mark, move_active, resolve, settle};
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, DeliveryId};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// Tombstones, messages or branches of one step.
const DOCUMENTS_PER_SWEEP: i64 = 200;
/// The delay of the second pass.
const SECOND_PASS_AFTER: Duration = Duration::from_secs(60 * 60);

impl Mongo {
    pub(crate) async fn sweep(self: &Arc<Self>) -> Result<bool, Error> {
        self.to_the_end(async move |mongo: Arc<Self>| sweep(&mongo).await).await
    }
}

/// Takes the next step. False if nothing is due.
async fn sweep(mongo: &Mongo) -> Result<bool, Error> {
    let now = mongo.clock.now();
    for state in [
        BranchState::Forking,
        BranchState::Checking,
        BranchState::Final,
        BranchState::Cleared,
        BranchState::Swept,
    ] {
        let found = due(mongo, state, now).await?;
        if found.is_empty() {
            continue;
        }
        match state {
            BranchState::Forking => end_forks(mongo, &found).await?,
            BranchState::Checking => end_checks(mongo, &found).await?,
            BranchState::Final => clear(mongo, &found, now).await?,
            BranchState::Cleared => clear_again(mongo, &found).await?,
            BranchState::Swept => purge(mongo, &found).await?,
        }
        return Ok(true);
    }
    Ok(false)
}

/// Due branches in a state, of one chat the deepest first.
async fn due(mongo: &Mongo, state: BranchState, now: Timestamp) -> Result<Vec<BranchDoc>, Error> {
    let filter = doc! {"state": state.name(), "due": {"$lte": now.as_micros()}};
    let found = mongo.branches.find(filter).sort(doc! {"due": 1, "level": -1}).limit(DOCUMENTS_PER_SWEEP);
    Ok(found.await?.try_collect().await?)
}

/// Ends abandoned forks.
async fn end_forks(mongo: &Mongo, forks: &[BranchDoc]) -> Result<(), Error> {
    for fork in forks {
        match settle(mongo, fork).await {
            Ok(()) | Err(Error::MessageNotFound | Error::ChatNotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn end_checks(mongo: &Mongo, checks: &[BranchDoc]) -> Result<(), Error> {
    for check in checks {
        resolve(mongo, check, check.op.unwrap_or_else(DeliveryId::generate)).await?;
    }
    Ok(())
}

/// The first pass, in windows of depths: not every server stops at a `limit`, so that ranges need both bounds.
async fn clear(mongo: &Mongo, tombstones: &[BranchDoc], now: Timestamp) -> Result<(), Error> {
    if mark_orphans(mongo, tombstones).await? {
        return Ok(());
    }
    let windows = windows(tombstones);
    let ranges: Vec<_> = windows.iter().map(Window::range).collect();
    clear_away(mongo, doc! {"$or": ranges}).await?;
    let further = go_on(mongo, &windows).await?;
    let goes_on =
        |window: &Window<'_>| window.to < window.branch.head_depth || further.contains(&window.branch.id);
    settle_active(mongo, windows.iter().filter(|window| !goes_on(window)).map(|window| window.branch))
        .await?;
    for window in &windows {
        let id = window.branch.id.to_string();
        let change = if goes_on(window) {
            doc! {"$set": {"cleared_to": window.to}}
        } else {
            let due = now.plus(SECOND_PASS_AFTER).as_micros();
            doc! {"$set": {"state": BranchState::Cleared.name(), "due": due}, "$unset": {"name": "", "cleared_to": ""}}
        };
        mongo.branches.update_one(doc! {"_id": id, "state": BranchState::Final.name()}, change).await?;
    }
    Ok(())
}

/// The depths of a branch whose messages a step deletes.
#[derive(Debug, Clone, Copy)]
struct Window<'a> {
    branch: &'a BranchDoc,
    from: i64,
    to: i64,
}

impl Window<'_> {
    fn range(&self) -> Document {
        doc! {"branch": self.branch.id.to_string(), "depth": {"$gte": self.from, "$lte": self.to}}
    }
}

/// The next windows of these branches, [`DOCUMENTS_PER_SWEEP`] depths in all.
fn windows(tombstones: &[BranchDoc]) -> Vec<Window<'_>> {
    let mut left = DOCUMENTS_PER_SWEEP;
    let mut windows = Vec::new();
    for branch in tombstones {
        let from = branch.cleared_to.unwrap_or(branch.fork_depth) + 1;
        // Up to the hint, and a little past it, as it may be behind.
        let width = (branch.head_depth - from + 2).clamp(2, left.max(2));
        windows.push(Window { branch, from, to: from + width - 1 });
        left -= width;
        if left <= 0 {
            break;
        }
    }
    windows
}

/// The branches that have a message at the depth after their window.
async fn go_on(mongo: &Mongo, windows: &[Window<'_>]) -> Result<HashSet<BranchId>, Error> {
    #[derive(Debug, Deserialize)]
    struct Of {
        #[serde(with = "text")]
        branch: BranchId,
    }
    let next =
        windows.iter().map(|window| doc! {"branch": window.branch.id.to_string(), "depth": window.to + 1});
    let next = doc! {"$or": next.collect::<Vec<_>>()};
    let typed = mongo.messages.clone_with_type::<Of>();
    let found = typed.find(next).projection(doc! {"_id": 0, "branch": 1});
    let found: Vec<Of> = found.await?.try_collect().await?;
    Ok(found.into_iter().map(|of| of.branch).collect())
}

/// Deletes some of the messages that match a filter, and scrubs those with a key. False if there are none. They are read
/// first: not every server of this protocol uses an index for a write of several ranges.
async fn clear_away(mongo: &Mongo, filter: Document) -> Result<bool, Error> {
    let found = some(mongo, filter).await?;
    let is_any = !found.is_empty();
    let (keyed, plain): (Vec<_>, Vec<_>) = found.into_iter().partition(|message| message.key_id.is_some());
    if !plain.is_empty() {
        mongo.messages.delete_many(these(plain)).await?;
    }
    if !keyed.is_empty() {
        mongo.messages.update_many(these(keyed), scrub()).await?;
    }
    Ok(is_any)
}

fn scrub() -> Document {
    doc! {"$set": {"question": "", "response": "", "metadata": "{}", "text_bytes": 0_i64}}
}

/// Makes the living children of tombstones tombstones; for a trunk, all branches of its chat. True if there were any.
async fn mark_orphans(mongo: &Mongo, tombstones: &[BranchDoc]) -> Result<bool, Error> {
    let trunks: Vec<_> = tombstones.iter().filter(|branch| branch.is_trunk()).collect();
    let chats = texts(trunks.iter().map(|trunk| trunk.chat));
    let parents = texts(tombstones.iter().map(|branch| branch.id));
    for filter in
        [doc! {"root": {"$in": chats}, "alive": true}, doc! {"parent": {"$in": parents}, "alive": true}]
    {
        let typed = mongo.branches.clone_with_type::<Id<BranchId>>();
        let orphans = typed.find(filter).limit(DOCUMENTS_PER_SWEEP);
        let orphans: Vec<_> = orphans.projection(doc! {"_id": 1}).await?.try_collect().await?;
        let orphans: Vec<_> = orphans.into_iter().map(|orphan| orphan.id).collect();
        if !orphans.is_empty() {
            mark(mongo, &orphans).await?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// If one of these tombstones is the active branch of its chat, its nearest living ancestor becomes active: its parent may be
/// a tombstone as well, and swept already.
async fn settle_active(mongo: &Mongo, tombstones: impl IntoIterator<Item = &BranchDoc>) -> Result<(), Error> {
    let gone: Vec<_> = tombstones.into_iter().filter(|branch| !branch.is_trunk()).collect();
    let chats: HashSet<ChatId> = gone.iter().map(|branch| branch.chat).collect();
    let gone: HashSet<_> = gone.into_iter().map(|branch| branch.id).collect();
    for trunk in find_all(mongo, chats.into_iter().map(ChatId::trunk).collect()).await? {
        if let Some(active) = trunk.active.filter(|active| trunk.alive && gone.contains(active)) {
            let heir = living(mongo, Some(active), trunk.chat).await?;
            move_active(mongo, trunk.chat, &[active], heir).await?;
        }
    }
    Ok(())
}

/// The second pass: all messages with texts, at any depth.
async fn clear_again(mongo: &Mongo, tombstones: &[BranchDoc]) -> Result<(), Error> {
    if mark_orphans(mongo, tombstones).await? {
        return Ok(());
    }
    let ids = texts(tombstones.iter().map(|branch| branch.id));
    if clear_away(mongo, doc! {"branch": {"$in": ids}, "text_bytes": {"$gt": 0_i64}}).await? {
        return Ok(());
    }
    settle_active(mongo, tombstones).await?;
    for tombstone in tombstones {
        let deleted = tombstone.deleted_at.and_then(Timestamp::from_micros);
        let due = deleted.unwrap_or_else(|| mongo.clock.now()).plus(RETENTION).as_micros();
        let change = doc! {"$set": {"state": BranchState::Swept.name(), "due": due}};
        let filter = doc! {"_id": tombstone.id.to_string(), "state": BranchState::Cleared.name()};
        mongo.branches.update_one(filter, change).await?;
    }
    Ok(())
}

/// Removes tombstones after [`RETENTION`], with their scrubbed messages.
async fn purge(mongo: &Mongo, tombstones: &[BranchDoc]) -> Result<(), Error> {
    if mark_orphans(mongo, tombstones).await? {
        return Ok(());
    }
    let ids = texts(tombstones.iter().map(|branch| branch.id));
    let left = some(mongo, doc! {"branch": {"$in": ids.clone()}}).await?;
    if !left.is_empty() {
        mongo.messages.delete_many(these(left)).await?;
        return Ok(());
    }
    settle_active(mongo, tombstones).await?;
    mongo.branches.delete_many(doc! {"_id": {"$in": ids}, "state": BranchState::Swept.name()}).await?;
    Ok(())
}

/// The part of a message that decides whether it is deleted or scrubbed.
#[derive(Debug, Deserialize)]
struct Found {
    #[serde(rename = "_id")]
    id: String,
    branch: String,
    key_id: Option<String>,
}

/// Messages that match a filter: all of them, if it spans no more depths than a step.
async fn some(mongo: &Mongo, filter: Document) -> Result<Vec<Found>, Error> {
    let typed = mongo.messages.clone_with_type::<Found>();
    let fields = doc! {"_id": 1, "branch": 1, "key_id": 1};
    // The last window of a step may be a little wider.
    Ok(typed.find(filter).projection(fields).limit(2 * DOCUMENTS_PER_SWEEP).await?.try_collect().await?)
}

/// A filter for these messages. It names their branches, the shard key of a sharded collection.
fn these(messages: Vec<Found>) -> Document {
    let branches: HashSet<_> = messages.iter().map(|message| message.branch.clone()).collect();
    let ids: Vec<_> = messages.into_iter().map(|message| message.id).collect();
    doc! {"_id": {"$in": ids}, "branch": {"$in": branches.into_iter().collect::<Vec<_>>()}}
}
