//! Deleting: tombstones at once; the sweep does the rest.

use super::engine::SqlEngine;
use super::lookup::trunk_row;
use super::queries;
use super::schema::branches;
use crate::domain::{Branch, BranchLink, subtree};
use crate::error::Error;
use crate::store::NewTrunk;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use shared::clock::Clock;
use shared::ids::{BranchId, ChatId, UserId};
use shared_store::Store;
use shared_store::tx;
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
        let branch = self.owned_branch(owner, branch).await?.branch;
        let Some(parent) = branch.parent.filter(|_| !branch.is_trunk()) else { return Err(Error::IsTrunk) };
        self.run_with_row_mutexes([branch.chat.trunk(), branch.id], async move |content: SqlEngine| {
            tombstone_branch(&content, &branch, parent, cascade).await
        })
        .await
    }
}

/// Makes a branch a tombstone, with its descendants or only if it has none.
async fn tombstone_branch(
    content: &SqlEngine,
    branch: &Branch,
    parent: BranchId,
    cascade: bool,
) -> Result<(), Error> {
    let &Branch { id, chat, level, .. } = branch;
    let (trunk, is_alive) = (branches::table.find(chat.trunk()), branches::deleted_at.is_null());
    tx!(&content.store, |c| {
        // Locks the trunk's row first, then the branch's, so that no fork of it is under way.
        let lock = diesel::update(trunk.filter(is_alive)).set(branches::head_depth.eq(branches::head_depth));
        let active = lock.returning(branches::active_branch_id).get_result(c).await.optional()?;
        let active: Option<BranchId> = active.ok_or(Error::BranchNotFound)?;
        let tombstone = branches::deleted_at.eq(Some(content.clock.now()));
        let mark = diesel::update(branches::table.find(id).filter(is_alive)).set(tombstone);
        if mark.execute(c).await? == 0 {
            return Err(Error::BranchNotFound);
        }
        let mut deleted_ids = HashSet::from([id]);
        let mut has_more = queries::children(id).first::<BranchId>(c).await.optional()?.is_some();
        if has_more && !cascade {
            return Err(Error::HasDescendants);
        }
        // Until nothing is found: a fork may have been under way until its parent's row was marked.
        while has_more {
            let links = queries::of_chat(chat).filter(branches::level.gt(level));
            let links = links.select((branches::branch_id, branches::parent_branch_id)).load(c).await?;
            let links = links.into_iter().map(|(branch, parent)| BranchLink { branch, parent });
            let below = subtree(deleted_ids.iter().copied(), links);
            for chunk in below.chunks(ROWS_PER_STATEMENT) {
                let rows = branches::table.filter(branches::branch_id.eq_any(chunk));
                diesel::update(rows).set(tombstone).execute(c).await?;
            }
            has_more = !below.is_empty();
            deleted_ids.extend(below);
        }
        if active.is_some_and(|active| deleted_ids.contains(&active)) {
            diesel::update(trunk).set(branches::active_branch_id.eq(Some(parent))).execute(c).await?;
        }
        Ok(())
    })
}

impl SqlEngine {
    pub(crate) async fn delete_chat(&self, owner: UserId, chat: ChatId) -> Result<(), Error> {
        self.run_with_row_mutexes([chat.trunk()], async move |content: SqlEngine| {
            tombstone_chat(&content.store, &content.clock, owner, chat).await
        })
        .await
    }
}

async fn tombstone_chat(store: &Store, clock: &Clock, owner: UserId, chat: ChatId) -> Result<(), Error> {
    let now = clock.now();
    let mut tombstone = trunk_row(NewTrunk { chat, owner, created_at: now });
    tombstone.deleted_at = Some(now);
    tx!(store, |c| {
        diesel::insert_into(branches::table).values(tombstone).on_conflict_do_nothing().execute(c).await?;
        // Changes nothing if the row is new, was deleted before, or is no trunk of this user.
        diesel::update(branches::table.find(chat.trunk()))
            .filter(branches::root_chat_id.eq(chat).and(branches::owner_id.eq(owner)))
            .filter(branches::deleted_at.is_null())
            .set(branches::deleted_at.eq(Some(now)))
            .execute(c)
            .await?;
        Ok(())
    })
}
