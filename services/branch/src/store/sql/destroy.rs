//! Deleting for good: a branch, what is below it, and what was deleted there before.

use super::delete::{Doomed, ROWS_PER_STATEMENT, move_active, tombstone_branch};
use super::engine::SqlEngine;
use super::lookup::owned_branch;
use super::schema::branches;
use super::tombstones::{Tombstoned, Unrestorable, lock_trunk};
use crate::domain::{BranchLink, subtree};
use crate::error::Error;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, UserId};
use shared_store::{RunQueryDsl, Session, any_of, on};
use std::collections::HashSet;

impl SqlEngine {
    pub(crate) async fn destroy_branch(
        &self,
        owner: UserId,
        branch: BranchId,
        cascade: bool,
    ) -> Result<(), Error> {
        let doomed = self.store.read(move |session| find(session, owner, branch, cascade).boxed()).await?;
        let (rows, now) = ([doomed.chat.trunk(), branch], self.clock.now());
        self.write(rows, move |session| destroy(session, doomed, now).boxed()).await
    }
}

/// A branch of this owner, which may be a tombstone.
async fn find(session: &mut Session, owner: UserId, id: BranchId, cascade: bool) -> Result<Doomed, Error> {
    type Row = (ChatId, i64, Option<BranchId>);
    let found = branches::table.find(id).filter(branches::owner_id.eq(owner));
    let found = found.select((branches::root_chat_id, branches::level, branches::parent_branch_id));
    let found: Option<Row> = on!(session, |c| found.first(c).await.optional())?;
    let (chat, level, parent) = found.ok_or(Error::BranchNotFound)?;
    let Some(parent) = parent else {
        owned_branch(session, owner, id).await?;
        return Err(Error::IsTrunk);
    };
    Ok(Doomed { id, chat, level, parent, cascade })
}

async fn destroy(session: &mut Session, doomed: Doomed, now: Timestamp) -> Result<(), Error> {
    let active = lock_trunk(session, doomed.chat, now).await?;
    let restorable = branches::table
        .find(doomed.id)
        .filter(branches::purge_at.gt(now))
        // Whatever the clock says: what was destroyed or swept is not restorable any more.
        .filter(branches::deletion_id.is_not_null().and(branches::swept_at.is_null()))
        .select(branches::branch_id);
    let restorable: Option<BranchId> = on!(session, |c| restorable.first(c).await.optional())?;
    let destroyed = if restorable.is_some() {
        HashSet::from([doomed.id])
    } else {
        let deleted_ids = tombstone_branch(session, doomed, Tombstoned::for_good(now)).await?;
        move_active(session, doomed, active, &deleted_ids).await?;
        deleted_ids
    };
    let below = deleted_below(session, doomed, &destroyed).await?;
    let all: Vec<_> = destroyed.into_iter().chain(below).collect();
    for chunk in all.chunks(ROWS_PER_STATEMENT) {
        let rows = any_of(branches::branch_id, chunk.iter().copied()).and(branches::purge_at.gt(now));
        let end = diesel::update(branches::table.filter(rows)).set(Unrestorable::at(now));
        on!(session, |c| end.execute(c).await)?;
    }
    Ok(())
}

/// The tombstones below these branches.
async fn deleted_below(
    session: &mut Session,
    doomed: Doomed,
    nodes: &HashSet<BranchId>,
) -> Result<Vec<BranchId>, Error> {
    let links = branches::table
        .filter(branches::root_chat_id.eq(doomed.chat).and(branches::level.gt(doomed.level)))
        .filter(branches::deleted_at.is_not_null().and(branches::swept_at.is_null()))
        .order(branches::level)
        .select((branches::branch_id, branches::parent_branch_id));
    let links: Vec<(BranchId, Option<BranchId>)> = on!(session, |c| links.load(c).await)?;
    let links = links.into_iter().map(|(branch, parent)| BranchLink { branch, parent });
    Ok(subtree(nodes.iter().copied(), links))
}
