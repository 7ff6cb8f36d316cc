//! Lookups of branches by id, and trunks.

use super::ancestry_column::{DecodedAncestry, EncodedAncestry};
use super::engine::SqlEngine;
use super::rows::{BranchRow, NewBranchRow};
use super::schema::{TRUNKS, branches};
use crate::domain::{Ancestry, Branch};
use crate::error::Error;
use crate::store::navigation::AncestryReader;
use crate::store::{BranchWithActive, Lookup, NewTrunk, ResolvedId};
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::idempotency::{IdempotencyKey, RequestHash};
use shared::ids::{BranchId, UserId};
use shared_store::{RunQueryDsl, Session, any_of, on};

impl SqlEngine {
    pub(crate) async fn look_up(&self, owner: UserId, id: BranchId) -> Result<Lookup, Error> {
        self.store.read(move |session| look_up(session, owner, id).boxed()).await
    }

    pub(crate) async fn resolve(&self, owner: UserId, id: BranchId) -> Result<Lookup<ResolvedId>, Error> {
        Ok(match self.look_up(owner, id).await? {
            Lookup::Found(found) => Lookup::Found(Box::new(ResolvedId::from(&*found))),
            Lookup::Hidden => Lookup::Hidden,
            Lookup::Unknown => Lookup::Unknown,
        })
    }

    pub(crate) async fn replay_branch(
        &self,
        key: &IdempotencyKey,
    ) -> Result<Option<BranchWithActive>, Error> {
        let key = key.clone();
        self.store.read(|session| async move { replay(session, &key).await }.boxed()).await
    }

    pub(crate) async fn create_trunk(&self, trunk: NewTrunk) -> Result<(), Error> {
        self.store.write_statement(move |session| insert_trunk(session, trunk).boxed()).await
    }
}

async fn insert_trunk(session: &mut Session, trunk: NewTrunk) -> Result<(), Error> {
    let insert = diesel::insert_into(branches::table).values(trunk_row(trunk)).on_conflict_do_nothing();
    on!(session, |c| insert.execute(c).await)?;
    Ok(())
}

pub(super) async fn look_up(session: &mut Session, owner: UserId, id: BranchId) -> Result<Lookup, Error> {
    type Row = (BranchRow, UserId, bool, bool, Option<BranchId>);
    let found: Option<Row> = on!(session, |c| {
        branches::table
            .inner_join(TRUNKS.on(TRUNKS.field(branches::branch_id).eq(branches::root_chat_id)))
            .filter(branches::branch_id.eq(id))
            .select((
                BranchRow::as_select(),
                branches::owner_id,
                branches::deleted_at.is_null(),
                TRUNKS.field(branches::deleted_at).is_null(),
                TRUNKS.field(branches::active_branch_id),
            ))
            .first(c)
            .await
            .optional()
    })?;
    let Some((row, its_owner, is_alive, trunk_is_alive, active)) = found else {
        return Ok(Lookup::Unknown);
    };
    let (true, true, true) = (its_owner == owner, is_alive, trunk_is_alive) else {
        return Ok(Lookup::Hidden);
    };
    let branch = Branch::from(row);
    let active = active.unwrap_or(branch.chat.trunk());
    Ok(Lookup::Found(Box::new(BranchWithActive { branch, active })))
}

/// A branch of this owner, or [`Error::BranchNotFound`].
pub(super) async fn owned_branch(
    session: &mut Session,
    owner: UserId,
    id: BranchId,
) -> Result<BranchWithActive, Error> {
    match look_up(session, owner, id).await? {
        Lookup::Found(found) => Ok(*found),
        Lookup::Hidden | Lookup::Unknown => Err(Error::BranchNotFound),
    }
}

/// Why [`LineOf`](super::conditions::LineOf) has found no line.
pub(super) async fn missing_line(
    session: &mut Session,
    owner: UserId,
    target: BranchId,
) -> Result<Error, Error> {
    Ok(look_up(session, owner, target).await?.require().err().unwrap_or(Error::BranchNotFound))
}

async fn replay(session: &mut Session, key: &IdempotencyKey) -> Result<Option<BranchWithActive>, Error> {
    let made: Option<(BranchId, UserId, Option<RequestHash>)> = on!(session, |c| {
        branches::table
            .filter(branches::key_id.eq(key.id))
            .select((branches::branch_id, branches::owner_id, branches::request_hash))
            .first(c)
            .await
            .optional()
    })?;
    let Some((id, owner, hash)) = made else { return Ok(None) };
    if hash.as_ref() != Some(&key.hash) {
        return Err(Error::KeyReused);
    }
    owned_branch(session, owner, id).await.map(Some)
}

/// The row of a trunk without messages.
pub(super) fn trunk_row(trunk: NewTrunk) -> NewBranchRow {
    let id = trunk.chat.trunk();
    NewBranchRow {
        branch_id: id,
        root_chat_id: trunk.chat,
        owner_id: trunk.owner,
        parent_branch_id: None,
        forked_from: None,
        fork_depth: 0,
        level: 0,
        ancestry: EncodedAncestry::encode(&Ancestry::trunk(id)),
        name: None,
        head_depth: 0,
        head_response_id: None,
        active_branch_id: Some(id),
        created_at: trunk.created_at,
        key_id: None,
        request_hash: None,
        deleted_at: None,
        purge_at: None,
        sweep_at: None,
        first_response_id: None,
        first_message_at: None,
        last_message_at: None,
        preview: None,
        activated_at: None,
        stands_on: None,
        changed_at: None,
    }
}

impl AncestryReader for Session {
    async fn read_ancestry(&mut self, branch: BranchId) -> Result<Ancestry, Error> {
        let query = branches::table.find(branch).select(branches::ancestry);
        let ancestry: Option<DecodedAncestry> = on!(self, |c| query.first(c).await.optional())?;
        ancestry.map(|ancestry| ancestry.0).ok_or(Error::BranchNotFound)
    }

    async fn read_both(&mut self, left: BranchId, right: BranchId) -> Result<(Ancestry, Ancestry), Error> {
        let query =
            branches::table.filter(any_of(branches::branch_id, [left, right])).select(branches::ancestry);
        let found: Vec<DecodedAncestry> = on!(self, |c| query.load(c).await)?;
        let ancestry = |branch| {
            let found = found.iter().find(|DecodedAncestry(ancestry)| ancestry.branch == branch);
            found.map(|DecodedAncestry(ancestry)| ancestry.clone()).ok_or(Error::BranchNotFound)
        };
        Ok((ancestry(left)?, ancestry(right)?))
    }
}
