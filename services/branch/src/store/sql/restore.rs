//! Restoring what a request has deleted.

use super::engine::SqlEngine;
use super::lookup::{look_up, owned_branch};
use super::schema::branches;
use super::tombstones::{Restored, lock_trunk};
use crate::error::Error;
use crate::store::BranchWithActive;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, OperationId, UserId};
use shared_store::{RunQueryDsl, Session, on};

impl SqlEngine {
    pub(crate) async fn restore_branch(
        &self,
        owner: UserId,
        branch: BranchId,
    ) -> Result<BranchWithActive, Error> {
        let chat = self.store.read(move |session| chat_of(session, owner, branch).boxed()).await?;
        let now = self.clock.now();
        let rows = [chat.trunk()].into_iter().chain(Some(branch).filter(|branch| *branch != chat.trunk()));
        self.write(rows, move |session| restore(session, owner, branch, now).boxed()).await
    }
}

/// The chat of a branch of this owner, which may be a tombstone.
async fn chat_of(session: &mut Session, owner: UserId, branch: BranchId) -> Result<ChatId, Error> {
    let found = branches::table.find(branch).select((branches::root_chat_id, branches::owner_id));
    let found: Option<(ChatId, UserId)> = on!(session, |c| found.first(c).await.optional())?;
    match found {
        Some((chat, its_owner)) if its_owner == owner => Ok(chat),
        Some(_) => Err(Error::BranchNotFound),
        None => Err(Error::TargetUnknown),
    }
}

/// A branch, as its deletion has left it.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = branches)]
struct Tombstone {
    root_chat_id: ChatId,
    parent_branch_id: Option<BranchId>,
    deleted_at: Option<Timestamp>,
    purge_at: Option<Timestamp>,
    swept_at: Option<Timestamp>,
    deletion_id: Option<OperationId>,
    deleted_count: Option<i64>,
    active_before: Option<BranchId>,
}

async fn restore(
    session: &mut Session,
    owner: UserId,
    id: BranchId,
    now: Timestamp,
) -> Result<BranchWithActive, Error> {
    let chat = chat_of(session, owner, id).await?;
    // A deletion locks it, too: from here on all is as it is.
    let active = lock_trunk(session, chat, now).await?;
    let found: Option<Tombstone> = on!(session, |c| {
        branches::table.find(id).select(Tombstone::as_select()).first(c).await.optional()
    })?;
    let found = found.filter(|found| found.root_chat_id == chat && found.swept_at.is_none());
    let found = found.ok_or(Error::BranchNotFound)?;
    if found.deleted_at.is_none() {
        return owned_branch(session, owner, id).await;
    }
    let deletion = found.deletion_id.filter(|_| found.purge_at.is_some_and(|purge_at| now < purge_at));
    let deletion = deletion.ok_or(Error::BranchNotFound)?;
    if found.deleted_count.is_none() || !is_alive(session, found.parent_branch_id).await? {
        return Err(Error::ParentDeleted);
    }
    restore_all(session, id, deletion).await?;
    if found.active_before.is_some() && active == found.parent_branch_id {
        let trunk = diesel::update(branches::table.find(chat.trunk()));
        let activate = trunk.set(branches::active_branch_id.eq(found.active_before));
        on!(session, |c| activate.execute(c).await)?;
    }
    look_up(session, owner, id).await?.require()
}

async fn is_alive(session: &mut Session, branch: Option<BranchId>) -> Result<bool, Error> {
    let Some(branch) = branch else { return Ok(false) };
    let is_alive = branches::table.find(branch).select(branches::deleted_at.is_null());
    let is_alive: Option<bool> = on!(session, |c| is_alive.first(c).await.optional())?;
    Ok(is_alive.unwrap_or(false))
}

/// Restores all that a request has deleted: first the branch that it has named, unless the sweep has begun with it, whose clock may be
/// ahead.
async fn restore_all(session: &mut Session, named: BranchId, deletion: OperationId) -> Result<(), Error> {
    let of_deletion = branches::deletion_id.eq(deletion);
    let unswept = branches::table.find(named).filter(of_deletion.and(branches::deleted_count.is_not_null()));
    let restore = diesel::update(unswept).set(Restored::default());
    if on!(session, |c| restore.execute(c).await)? == 0 {
        return Err(Error::BranchNotFound);
    }
    let rest = diesel::update(branches::table.filter(of_deletion)).set(Restored::default());
    on!(session, |c| rest.execute(c).await)?;
    Ok(())
}
