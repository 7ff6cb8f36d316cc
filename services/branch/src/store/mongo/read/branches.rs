//! Lists of branches, and their links.

use crate::domain::{BranchFilter, BranchKey, BranchLink, subtree};
use crate::error::Error;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::fields::{micros, text, texts};
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::head::follow_hints;
use crate::store::mongo::read::message_forks::oldest_matching;
use crate::store::mongo::read::own_messages;
use crate::store::mongo::read::target::Target;
use crate::store::mongo::read::time_ranges;
use crate::store::navigation::{MAX_LISTED_CHILDREN, children_on_page, count_scanned, take_matching};
use crate::store::{BranchPage, TreeRequest};
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId};
use std::collections::HashMap;

/// Branches of one query by ids.
const IDS_PER_QUERY: usize = 500;
/// The branches of a chat (a hint) above which a page of them is read in bounded ranges of the index.
const MIN_BRANCHES_FOR_BOUNDED_RANGES: i64 = 500;
/// The most branches of a page that is read so.
const MAX_BRANCHES_IN_BOUNDED_RANGES: usize = 1_001;
/// The average branches of a level up to which several levels are read at once.
const MAX_BRANCHES_PER_NARROW_LEVEL: i64 = 8;

impl MongoEngine {
    pub(crate) async fn list_branches(&self, request: &TreeRequest) -> Result<BranchPage, Error> {
        let target = Target::find(self, request.owner, request.target, []).await?.require()?;
        let root = &target.branch;
        let page = read_subtree_page(self, root, request);
        let (SubtreePage { children, found, next }, active) =
            futures_util::try_join!(page, target.active(self))?;
        let children = match children {
            Some(children) => children,
            None => children_of(self, root.id).await?,
        };
        let items = found.into_iter().map(BranchDoc::branch).collect();
        Ok(BranchPage { root: root.id, active, children, items, next })
    }
}

async fn children_of(mongo: &MongoEngine, parent: BranchId) -> Result<Vec<BranchId>, Error> {
    let most = i64::try_from(MAX_LISTED_CHILDREN).unwrap_or(i64::MAX);
    oldest_matching(doc! {"parent": parent.to_string(), "alive": true}, most, mongo).await
}

/// A page of a branch and its descendants.
struct SubtreePage {
    /// The children of the branch, if all of them were read.
    children: Option<Vec<BranchId>>,
    /// Those that match the filter, with their heads.
    found: Vec<BranchDoc>,
    next: Option<BranchKey>,
}

async fn read_subtree_page(
    mongo: &MongoEngine,
    subtree_root: &BranchDoc,
    request: &TreeRequest,
) -> Result<SubtreePage, Error> {
    let &TreeRequest { after, limit, ref filter, .. } = request;
    let count = count_scanned(request);
    let mut scanned = if subtree_root.is_trunk() {
        page_of_chat(mongo, subtree_root, after, count + 1).await?
    } else {
        page_of_subtree(mongo, subtree_root, after, count + 1).await?
    };
    let more = scanned.len() > count;
    scanned.truncate(count);
    let end = scanned.last().filter(|_| more).map(BranchDoc::key);
    let links = scanned.iter().map(|branch| BranchLink { branch: branch.id, parent: branch.parent });
    let children = children_on_page(subtree_root.key(), after, links, end);
    let (mut found, next) =
        take_matching(scanned, end, limit, BranchDoc::key, |branch| matches(filter, branch));
    follow_hints(mongo, &mut found).await?;
    own_messages::complete(mongo, &mut found).await?;
    Ok(SubtreePage { children, found, next })
}

fn matches(filter: &BranchFilter, branch: &BranchDoc) -> bool {
    filter.matches(&branch.tags, branch.archived)
}

/// A page of all branches of a chat, in the order of the index.
pub(crate) async fn page_of_chat(
    mongo: &MongoEngine,
    trunk: &BranchDoc,
    after: Option<BranchKey>,
    count: usize,
) -> Result<Vec<BranchDoc>, Error> {
    if count <= MAX_BRANCHES_IN_BOUNDED_RANGES && MIN_BRANCHES_FOR_BOUNDED_RANGES < trunk.forks {
        return page_of_large_chat(mongo, trunk, after, count).await;
    }
    let chat = trunk.chat.to_string();
    // Each filter is one range of the index (root, level, created_at, id).
    let ranges = match after {
        None => vec![doc! {"root": chat, "alive": true}],
        Some(BranchKey { level, created_at, id }) => {
            let time = created_at.as_micros();
            vec![
                doc! {"root": &chat, "alive": true, "level": level, "created_at": time, "_id": {"$gt": id.to_string()}},
                doc! {"root": &chat, "alive": true, "level": level, "created_at": {"$gt": time}},
                doc! {"root": &chat, "alive": true, "level": {"$gte": level + 1}},
            ]
        }
    };
    let mut found = Vec::new();
    for range in ranges {
        let missing = count - found.len();
        if missing > 0 {
            found.extend(find_first(mongo, range, missing).await?);
        }
    }
    Ok(found)
}

/// A page of a chat with many branches: level by level, or several narrow levels at once. Only past the deepest is a level
/// empty.
async fn page_of_large_chat(
    mongo: &MongoEngine,
    trunk: &BranchDoc,
    after: Option<BranchKey>,
    count: usize,
) -> Result<Vec<BranchDoc>, Error> {
    let chat = trunk.chat.to_string();
    let is_narrow = trunk.forks < MAX_BRANCHES_PER_NARROW_LEVEL * (trunk.deepest + 1);
    let oldest = trunk.created_at.as_micros();
    let of_level = |level: i64| doc! {"root": &chat, "alive": true, "level": level};
    let mut level = after.map_or(0, |after| after.level);
    let mut found = match after {
        None => Vec::from([trunk.clone()]),
        Some(BranchKey { created_at, id, .. }) => {
            let same_time = doc! {"created_at": created_at.as_micros(), "_id": {"$gt": id.to_string()}};
            let range = (same_time, created_at.as_micros() + 1);
            range_of_level(mongo, of_level(level), range, count).await?
        }
    };
    while found.len() < count {
        let missing = count - found.len();
        let next = if is_narrow {
            let levels = i64::try_from(missing).unwrap_or(i64::MAX);
            let band = doc! {"$gte": level + 1, "$lte": level + levels};
            level += levels;
            find_first(mongo, doc! {"root": &chat, "alive": true, "level": band}, missing).await?
        } else {
            level += 1;
            // Clocks differ: a branch may be older than its chat.
            let earlier = doc! {"created_at": {"$gte": i64::MIN, "$lt": oldest}};
            range_of_level(mongo, of_level(level), (earlier, oldest), missing).await?
        };
        if next.is_empty() {
            break;
        }
        found.extend(next);
    }
    Ok(found)
}

/// The first branches of a level: those of a filter, and then those that were created from this time (in microseconds) on.
async fn range_of_level(
    mongo: &MongoEngine,
    level: Document,
    (filter, from): (Document, i64),
    count: usize,
) -> Result<Vec<BranchDoc>, Error> {
    let mut filtered = level.clone();
    filtered.extend(filter);
    let mut found = find_first(mongo, filtered, count).await?;
    let (now, missing) = (mongo.clock.now(), count - found.len());
    found.extend(time_ranges::oldest(&mongo.branches, &level, from, now, missing).await?);
    Ok(found)
}

async fn find_first(mongo: &MongoEngine, range: Document, count: usize) -> Result<Vec<BranchDoc>, Error> {
    let found = mongo.branches.find(range).sort(doc! {"level": 1, "created_at": 1, "_id": 1});
    let found = found.limit(i64::try_from(count).unwrap_or(i64::MAX));
    Ok(found.batch_size(u32::try_from(count + 1).unwrap_or(u32::MAX)).await?.try_collect().await?)
}

/// A branch, its parent, and its key among the branches of its chat.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct BranchLinkDoc {
    #[serde(rename = "_id", with = "text")]
    id: BranchId,
    #[serde(with = "text")]
    parent: BranchId,
    pub(crate) level: i64,
    #[serde(with = "micros")]
    created_at: Timestamp,
    /// Until when a tombstone can be restored, in microseconds.
    #[serde(default)]
    purge_at: Option<i64>,
}

impl From<&BranchLinkDoc> for BranchLink {
    fn from(link: &BranchLinkDoc) -> Self {
        Self { branch: link.id, parent: Some(link.parent) }
    }
}

/// The living branches of a chat below a level, parents first.
pub(crate) async fn links_deeper_than(
    mongo: &MongoEngine,
    chat: ChatId,
    level: i64,
) -> Result<Vec<BranchLinkDoc>, Error> {
    links(mongo, chat, level, true).await
}

/// The branches of a chat below a level that can be restored, parents first.
pub(crate) async fn restorable_links_deeper_than(
    mongo: &MongoEngine,
    chat: ChatId,
    level: i64,
) -> Result<Vec<BranchLinkDoc>, Error> {
    let mut found = links(mongo, chat, level, false).await?;
    found.retain(|link| link.purge_at.is_some());
    Ok(found)
}

/// The branches or the tombstones below a level: a range of the index. A server may read all that equal a bound that `$gt` leaves out.
async fn links(
    mongo: &MongoEngine,
    chat: ChatId,
    level: i64,
    alive: bool,
) -> Result<Vec<BranchLinkDoc>, Error> {
    let filter = doc! {"root": chat.to_string(), "alive": alive, "level": {"$gte": level + 1}};
    let typed = mongo.branches.clone_with_type::<BranchLinkDoc>();
    let found = typed.find(filter);
    let found = found.sort(doc! {"level": 1, "created_at": 1, "_id": 1}).batch_size(10_000);
    Ok(found
        .projection(doc! {"_id": 1, "parent": 1, "level": 1, "created_at": 1, "purge_at": 1})
        .await?
        .try_collect()
        .await?)
}

/// A page of a branch and its descendants. It reads the links of all branches of the chat that lie deeper.
async fn page_of_subtree(
    mongo: &MongoEngine,
    subtree_root: &BranchDoc,
    after: Option<BranchKey>,
    count: usize,
) -> Result<Vec<BranchDoc>, Error> {
    let links = links_deeper_than(mongo, subtree_root.chat, subtree_root.level).await?;
    let inside = subtree([subtree_root.id], links.iter().map(BranchLink::from));
    let key =
        |link: &BranchLinkDoc| BranchKey { level: link.level, created_at: link.created_at, id: link.id };
    let keys: HashMap<_, _> = links.iter().map(|link| (link.id, key(link))).collect();
    let comes_after = |id: &BranchId| {
        let key = keys.get(id).copied().unwrap_or_else(|| subtree_root.key());
        after.is_none_or(|after| key > after)
    };
    let page: Vec<_> =
        std::iter::once(subtree_root.id).chain(inside).filter(comes_after).take(count).collect();
    by_ids(mongo, &page).await
}

/// Reads branches in the order of these ids, without deleted ones.
async fn by_ids(mongo: &MongoEngine, ids: &[BranchId]) -> Result<Vec<BranchDoc>, Error> {
    let mut found = HashMap::new();
    for chunk in ids.chunks(IDS_PER_QUERY) {
        let filter = doc! {"_id": {"$in": texts(chunk)}, "alive": true};
        let chunk: Vec<BranchDoc> = mongo.branches.find(filter).await?.try_collect().await?;
        found.extend(chunk.into_iter().map(|branch| (branch.id, branch)));
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}
