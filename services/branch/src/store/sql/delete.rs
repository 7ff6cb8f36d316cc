//! Deleting: tombstones at once; the sweep does the rest.

use super::engine::SqlEngine;
use super::lookup::{owned_branch, trunk_row};
use super::queries;
use super::schema::branches;
use crate::domain::{BranchLink, subtree};
use crate::error::Error;
use crate::store::NewTrunk;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, UserId};
use shared_store::{RunQueryDsl, Session, any_of, on};
use std::collections::HashSet;

/// Rows that one statement makes tombstones.
const ROWS_PER_STATEMENT: usize = 500;

impl SqlEngine {
    pub(crate) async fn delete_branch(
        &self,
        owner: UserId,
        branch: BranchId,
        cascade: bool,
    ) -> Result<(), Error> {
        let found = self.store.read(move |session| owned_branch(session, owner, branch).boxed());
        let branch = found.await?.branch;
        let Some(parent) = branch.parent.filter(|_| !branch.is_trunk()) else { return Err(Error::IsTrunk) };
        let (rows, now) = ([branch.chat.trunk(), branch.id], self.clock.now());
        let doomed = Doomed { id: branch.id, chat: branch.chat, level: branch.level, parent, cascade };
        self.write(rows, move |session| tombstone_branch(session, doomed, now).boxed()).await
    }

    pub(crate) async fn delete_chat(&self, owner: UserId, chat: ChatId) -> Result<(), Error> {
        let now = self.clock.now();
        self.write([chat.trunk()], move |session| tombstone_chat(session, owner, chat, now).boxed()).await
    }
}

/// A branch to delete.
struct Doomed {
    id: BranchId,
    chat: ChatId,
    level: i64,
    parent: BranchId,
    /// Whether its descendants are deleted with it; else it is only deleted if it has none.
    cascade: bool,
}

/// Makes a branch a tombstone.
async fn tombstone_branch(session: &mut Session, doomed: Doomed, now: Timestamp) -> Result<(), Error> {
    let Doomed { id, chat, parent, cascade, .. } = doomed;
    let (trunk, is_alive) = (branches::table.find(chat.trunk()), branches::deleted_at.is_null());
    // Locks the trunk's row first, then the branch's, so that no fork of it is under way.
    let active: Option<Option<BranchId>> = on!(session, |c| {
        let lock = diesel::update(trunk.filter(is_alive)).set(branches::changed_at.eq(Some(now)));
        lock.returning(branches::active_branch_id).get_result(c).await.optional()
    })?;
    let active = active.ok_or(Error::BranchNotFound)?;
    let tombstone = branches::deleted_at.eq(Some(now));
    let mark = diesel::update(branches::table.find(id).filter(is_alive)).set(tombstone);
    if on!(session, |c| mark.execute(c).await)? == 0 {
        return Err(Error::BranchNotFound);
    }
    let child: Option<BranchId> = on!(session, |c| queries::children(id).first(c).await.optional())?;
    if child.is_some() && !cascade {
        return Err(Error::HasDescendants);
    }
    let mut deleted_ids = HashSet::from([id]);
    if child.is_some() {
        tombstone_descendants(session, &doomed, now, &mut deleted_ids).await?;
    }
    if active.is_some_and(|active| deleted_ids.contains(&active)) {
        let activate = diesel::update(trunk).set(branches::active_branch_id.eq(Some(parent)));
        on!(session, |c| activate.execute(c).await)?;
    }
    Ok(())
}

/// Makes tombstones until nothing is found: a fork may have been under way until its parent's row was marked.
async fn tombstone_descendants(
    session: &mut Session,
    doomed: &Doomed,
    now: Timestamp,
    deleted_ids: &mut HashSet<BranchId>,
) -> Result<(), Error> {
    loop {
        let links = queries::of_chat(doomed.chat)
            .filter(branches::level.gt(doomed.level))
            .select((branches::branch_id, branches::parent_branch_id));
        let links: Vec<(BranchId, Option<BranchId>)> = on!(session, |c| links.load(c).await)?;
        let links = links.into_iter().map(|(branch, parent)| BranchLink { branch, parent });
        let below = subtree(deleted_ids.iter().copied(), links);
        if below.is_empty() {
            return Ok(());
        }
        for chunk in below.chunks(ROWS_PER_STATEMENT) {
            let rows = branches::table.filter(any_of(branches::branch_id, chunk.iter().copied()));
            let mark = diesel::update(rows).set(branches::deleted_at.eq(Some(now)));
            on!(session, |c| mark.execute(c).await)?;
        }
        deleted_ids.extend(below);
    }
}

async fn tombstone_chat(
    session: &mut Session,
    owner: UserId,
    chat: ChatId,
    now: Timestamp,
) -> Result<(), Error> {
    let mut tombstone = trunk_row(NewTrunk { chat, owner, created_at: now });
    tombstone.deleted_at = Some(now);
    let insert = diesel::insert_into(branches::table).values(tombstone).on_conflict_do_nothing();
    on!(session, |c| insert.execute(c).await)?;
    // Changes nothing if the row is new, was deleted before, or is no trunk of this user.
    let mark = diesel::update(branches::table.find(chat.trunk()))
        .filter(branches::root_chat_id.eq(chat).and(branches::owner_id.eq(owner)))
        .filter(branches::deleted_at.is_null())
        .set(branches::deleted_at.eq(Some(now)));
    on!(session, |c| mark.execute(c).await)?;
    Ok(())
}
