//! The activity of chats, read from their branches.

use crate::error::Error;
use crate::store::TreeActivity;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::fields::texts;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::branches::page_of_chat;
use crate::store::mongo::read::head::follow_hints;
use crate::store::mongo::read::lookup::nearest_living;
use crate::store::mongo::read::own_messages;
use futures_util::TryStreamExt as _;
use futures_util::future::try_join_all;
use mongodb::bson::doc;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId};
use std::collections::HashMap;

/// The forks of a chat (a hint) up to which its branches are read with those of others.
const MAX_FORKS_OF_SMALL_CHAT: i64 = 100;
/// Branches of a large chat that are in memory together.
const BRANCHES_PER_PAGE: usize = 500;

impl MongoEngine {
    pub(crate) async fn tree_activity(&self, chats: &[ChatId]) -> Result<Vec<TreeActivity>, Error> {
        let trunks = living_trunks(self, chats).await?;
        let (small, large): (Vec<_>, Vec<_>) =
            trunks.iter().partition(|trunk| trunk.forks <= MAX_FORKS_OF_SMALL_CHAT);
        let mut totals = HashMap::<_, Totals>::new();
        add_small(self, &small, &mut totals).await?;
        for trunk in large {
            add_large(self, trunk, &mut totals).await?;
        }
        let active: HashMap<_, _> = active_of(self, &trunks).await?.into_iter().collect();
        let activity = |(chat, totals): (ChatId, Totals)| {
            let Totals { branches, messages, last_message_at, changed_at } = totals;
            let active = *active.get(&chat)?;
            Some(TreeActivity { chat, active, branches, messages, last_message_at, changed_at: changed_at? })
        };
        Ok(totals.into_iter().filter_map(activity).collect())
    }

    pub(crate) async fn active_branches(&self, chats: &[ChatId]) -> Result<Vec<(ChatId, BranchId)>, Error> {
        active_of(self, &living_trunks(self, chats).await?).await
    }
}

async fn living_trunks(mongo: &MongoEngine, chats: &[ChatId]) -> Result<Vec<BranchDoc>, Error> {
    let found = mongo.branch_loader.load_many(chats.iter().map(|chat| chat.trunk()).collect()).await?;
    Ok(found.into_values().filter(|trunk| trunk.alive && trunk.is_trunk()).collect())
}

async fn active_of(mongo: &MongoEngine, trunks: &[BranchDoc]) -> Result<Vec<(ChatId, BranchId)>, Error> {
    let active = trunks.iter().map(async |trunk| {
        let active = nearest_living(mongo, trunk.active, trunk.chat).await?;
        Ok::<_, Error>((trunk.chat, active))
    });
    try_join_all(active).await
}

/// The sums over the branches of a chat.
#[derive(Debug, Default)]
struct Totals {
    branches: usize,
    messages: i64,
    last_message_at: Option<Timestamp>,
    changed_at: Option<Timestamp>,
}

impl Totals {
    fn add(&mut self, branch: &BranchDoc) {
        let said_at = branch.head_time().filter(|_| branch.has_messages());
        let changed_at = branch.changed_at.and_then(Timestamp::from_micros);
        self.branches += 1;
        self.messages += branch.head_depth - branch.fork_depth;
        self.last_message_at = self.last_message_at.max(said_at);
        self.changed_at = self.changed_at.max(said_at).max(changed_at).max(Some(branch.created_at));
    }
}

/// Adds the branches of chats that have few.
async fn add_small(
    mongo: &MongoEngine,
    trunks: &[&BranchDoc],
    totals: &mut HashMap<ChatId, Totals>,
) -> Result<(), Error> {
    if trunks.is_empty() {
        return Ok(());
    }
    let chats = texts(trunks.iter().map(|trunk| trunk.chat));
    let found = mongo.branches.find(doc! {"root": {"$in": chats}, "alive": true});
    add(mongo, found.await?.try_collect().await?, totals).await
}

/// Adds the branches of a chat that has many, page by page.
async fn add_large(
    mongo: &MongoEngine,
    trunk: &BranchDoc,
    totals: &mut HashMap<ChatId, Totals>,
) -> Result<(), Error> {
    let mut after = None;
    loop {
        let page = page_of_chat(mongo, trunk, after, BRANCHES_PER_PAGE).await?;
        let is_last = page.len() < BRANCHES_PER_PAGE;
        after = page.last().map(BranchDoc::key);
        add(mongo, page, totals).await?;
        if is_last {
            return Ok(());
        }
    }
}

async fn add(
    mongo: &MongoEngine,
    mut branches: Vec<BranchDoc>,
    totals: &mut HashMap<ChatId, Totals>,
) -> Result<(), Error> {
    follow_hints(mongo, &mut branches).await?;
    own_messages::add_head_times(mongo, &mut branches).await?;
    for branch in &branches {
        totals.entry(branch.chat).or_default().add(branch);
    }
    Ok(())
}
