//! Lists of branches; changing the active branch and names.

use super::conditions::ComesAfter;
use super::engine::SqlEngine;
use super::queries;
use super::rows::BranchRow;
use super::schema::branches;
use crate::domain::{Branch, BranchKey, BranchLink, BranchName, subtree};
use crate::error::Error;
use crate::store::navigation::MAX_LISTED_CHILDREN;
use crate::store::{BranchPage, BranchWithActive, TreeRequest};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, UserId};
use shared_store::Store;
use shared_store::{on, tx};
use std::collections::HashMap;

/// Rows of one query by ids.
const ROWS_PER_STATEMENT: usize = 500;

impl SqlEngine {
    pub(crate) async fn list_branches(&self, request: &TreeRequest) -> Result<BranchPage, Error> {
        let &TreeRequest { owner, target, after, limit } = request;
        let BranchWithActive { branch: subtree_root, active } =
            self.look_up(owner, target).await?.require()?;
        let children = queries::children(subtree_root.id).limit(MAX_LISTED_CHILDREN);
        let children = on!(&self.store, |c| children.load(c).await)?;
        let mut items = if subtree_root.is_trunk() {
            page_of_chat(&self.store, subtree_root.chat, after, limit + 1).await?
        } else {
            page_of_subtree(&self.store, &subtree_root, after, limit + 1).await?
        };
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(Branch::key);
        Ok(BranchPage { root: subtree_root.id, active, children, items, next })
    }
}

/// A page of all branches of a chat, in the order of the index.
async fn page_of_chat(
    store: &Store,
    chat: ChatId,
    after: Option<BranchKey>,
    count: usize,
) -> Result<Vec<Branch>, Error> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let rows: Vec<BranchRow> = on!(store, |c| {
        let query = queries::of_chat(chat).limit(count).select(BranchRow::as_select());
        match after {
            None => query.load(c).await,
            Some(after) => query.filter(ComesAfter(after)).load(c).await,
        }
    })?;
    Ok(rows.into_iter().map(Branch::from).collect())
}

/// A page of a branch and its descendants. It reads the links of all branches of the chat that lie deeper.
async fn page_of_subtree(
    store: &Store,
    subtree_root: &Branch,
    after: Option<BranchKey>,
    count: usize,
) -> Result<Vec<Branch>, Error> {
    let query = queries::of_chat(subtree_root.chat).filter(branches::level.gt(subtree_root.level)).select((
        branches::branch_id,
        branches::parent_branch_id,
        branches::level,
        branches::created_at,
    ));
    let rows: Vec<(BranchId, Option<BranchId>, i64, Timestamp)> = on!(store, |c| query.load(c).await)?;
    let links = rows.iter().map(|&(branch, parent, ..)| BranchLink { branch, parent });
    let inside = subtree([subtree_root.id], links);
    let keys: HashMap<_, _> =
        rows.iter().map(|&(id, _, level, created_at)| (id, BranchKey { level, created_at, id })).collect();
    let comes_after = |id: &BranchId| {
        let key = keys.get(id).copied().unwrap_or_else(|| subtree_root.key());
        after.is_none_or(|after| key > after)
    };
    let page: Vec<_> =
        std::iter::once(subtree_root.id).chain(inside).filter(comes_after).take(count).collect();
    by_ids(store, &page).await
}

/// Reads branches in the order of these ids, without deleted ones.
async fn by_ids(store: &Store, ids: &[BranchId]) -> Result<Vec<Branch>, Error> {
    let mut found = HashMap::new();
    for chunk in ids.chunks(ROWS_PER_STATEMENT) {
        let rows: Vec<BranchRow> = on!(store, |c| {
            branches::table
                .filter(branches::branch_id.eq_any(chunk).and(branches::deleted_at.is_null()))
                .select(BranchRow::as_select())
                .load(c)
                .await
        })?;
        found.extend(rows.into_iter().map(Branch::from).map(|branch| (branch.id, branch)));
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

impl SqlEngine {
    pub(crate) async fn activate(
        &self,
        owner: UserId,
        target: BranchId,
        branch: BranchId,
    ) -> Result<ChatId, Error> {
        let chat = self.resolve(owner, target).await?.require()?.chat;
        self.run_with_row_mutexes([chat.trunk()], async move |content: SqlEngine| {
            set_active(&content.store, owner, chat, branch).await
        })
        .await?;
        Ok::<_, Error>(chat)
    }
}

async fn set_active(store: &Store, owner: UserId, chat: ChatId, branch: BranchId) -> Result<(), Error> {
    tx!(store, |c| {
        // Locks the trunk's row before the branch is checked: a deletion of the branch takes this lock, too.
        let changed = diesel::update(branches::table.find(chat.trunk()))
            .filter(branches::owner_id.eq(owner).and(branches::deleted_at.is_null()))
            .set(branches::active_branch_id.eq(Some(branch)))
            .execute(c)
            .await?;
        if changed == 0 {
            return Err(Error::ChatNotFound);
        }
        let found: Option<BranchId> = branches::table
            .find(branch)
            .filter(branches::root_chat_id.eq(chat).and(branches::deleted_at.is_null()))
            .select(branches::branch_id)
            .first(c)
            .await
            .optional()?;
        found.map(drop).ok_or(Error::BranchNotFound)
    })
}

impl SqlEngine {
    pub(crate) async fn rename(
        &self,
        owner: UserId,
        branch: BranchId,
        name: Option<&BranchName>,
    ) -> Result<BranchWithActive, Error> {
        let name = name.map(|name| name.as_str().to_owned());
        self.run_with_row_mutexes([branch], async move |content: SqlEngine| {
            set_name(&content.store, owner, branch, name.as_deref()).await
        })
        .await?;
        self.owned_branch(owner, branch).await
    }
}

async fn set_name(store: &Store, owner: UserId, branch: BranchId, name: Option<&str>) -> Result<(), Error> {
    tx!(store, |c| {
        let update = diesel::update(branches::table.find(branch))
            .filter(branches::owner_id.eq(owner).and(branches::deleted_at.is_null()))
            .set(branches::name.eq(name));
        update.execute(c).await?;
        Ok(())
    })
}
