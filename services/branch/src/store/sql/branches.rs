//! Lists of branches; changing them.

use super::conditions::ComesAfter;
use super::engine::SqlEngine;
use super::lookup::{look_up, owned_branch};
use super::queries;
use super::rows::BranchRow;
use super::schema::branches;
use crate::domain::{Branch, BranchKey, BranchLink, subtree};
use crate::error::Error;
use crate::store::navigation::{MAX_LISTED_CHILDREN, children_on_page, count_scanned, take_matching};
use crate::store::{BranchChanges, BranchPage, BranchWithActive, TreeRequest};
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, UserId};
use shared::tags::Tags;
use shared_store::{RunQueryDsl, Session, any_of, on};
use std::collections::HashMap;

/// Rows of one query by ids.
const ROWS_PER_STATEMENT: usize = 500;

impl SqlEngine {
    pub(crate) async fn list_branches(&self, request: &TreeRequest) -> Result<BranchPage, Error> {
        let request = request.clone();
        self.store.read(move |session| async move { list(session, &request).await }.boxed()).await
    }
}

async fn list(session: &mut Session, request: &TreeRequest) -> Result<BranchPage, Error> {
    let &TreeRequest { owner, target, after, limit, ref filter } = request;
    let count = count_scanned(request);
    let BranchWithActive { branch: root, active } = look_up(session, owner, target).await?.require()?;
    let mut scanned = if root.is_trunk() {
        page_of_chat(session, root.chat, after, count + 1).await?
    } else {
        page_of_subtree(session, &root, after, count + 1).await?
    };
    let more = scanned.len() > count;
    scanned.truncate(count);
    let end = scanned.last().filter(|_| more).map(Branch::key);
    let links = scanned.iter().map(Branch::link);
    let children = if let Some(children) = children_on_page(root.key(), after, links, end) {
        children
    } else {
        let most = i64::try_from(MAX_LISTED_CHILDREN).unwrap_or(i64::MAX);
        on!(session, |c| queries::children(root.id).limit(most).load(c).await)?
    };
    let matches = |branch: &Branch| filter.matches(&branch.tags, branch.archived);
    let (items, next) = take_matching(scanned, end, limit, Branch::key, matches);
    Ok(BranchPage { root: root.id, active, children, items, next })
}

/// A page of all branches of a chat, in the order of the index.
async fn page_of_chat(
    session: &mut Session,
    chat: ChatId,
    after: Option<BranchKey>,
    count: usize,
) -> Result<Vec<Branch>, Error> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let rows: Vec<BranchRow> = on!(session, |c| {
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
    session: &mut Session,
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
    let rows: Vec<(BranchId, Option<BranchId>, i64, Timestamp)> = on!(session, |c| query.load(c).await)?;
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
    by_ids(session, &page).await
}

/// Reads branches in the order of these ids, without deleted ones.
async fn by_ids(session: &mut Session, ids: &[BranchId]) -> Result<Vec<Branch>, Error> {
    let mut found = HashMap::new();
    for chunk in ids.chunks(ROWS_PER_STATEMENT) {
        let rows: Vec<(BranchRow, bool)> = on!(session, |c| {
            branches::table
                .filter(any_of(branches::branch_id, chunk.iter().copied()))
                .select((BranchRow::as_select(), branches::deleted_at.is_null()))
                .load(c)
                .await
        })?;
        let living = rows.into_iter().filter_map(|(row, lives)| lives.then(|| Branch::from(row)));
        found.extend(living.map(|branch| (branch.id, branch)));
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

impl SqlEngine {
    pub(crate) async fn update_branch(
        &self,
        owner: UserId,
        branch: BranchId,
        changes: &BranchChanges,
    ) -> Result<BranchWithActive, Error> {
        if changes.is_empty() {
            return self.store.read(move |session| owned_branch(session, owner, branch).boxed()).await;
        }
        let columns = ChangedColumns::of(changes, self.clock.now());
        self.write([branch], move |session| update(session, owner, branch, columns).boxed()).await
    }
}

/// The columns that change; none stays as it is.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = branches)]
struct ChangedColumns {
    #[expect(clippy::option_option, reason = "none stays, and a name can be none")]
    name: Option<Option<String>>,
    tags: Option<Tags>,
    archived: Option<bool>,
    changed_at: Option<Timestamp>,
}

impl ChangedColumns {
    fn of(changes: &BranchChanges, now: Timestamp) -> Self {
        let name = changes.name.as_ref();
        Self {
            name: name.map(|name| name.as_ref().map(|name| name.as_str().to_owned())),
            tags: changes.tags.clone(),
            archived: changes.archived,
            changed_at: Some(now),
        }
    }
}

async fn update(
    session: &mut Session,
    owner: UserId,
    branch: BranchId,
    columns: ChangedColumns,
) -> Result<BranchWithActive, Error> {
    let update = diesel::update(branches::table.find(branch))
        .filter(branches::owner_id.eq(owner).and(branches::deleted_at.is_null()))
        .set(columns);
    on!(session, |c| update.execute(c).await)?;
    owned_branch(session, owner, branch).await
}
