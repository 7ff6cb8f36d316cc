//! Forking: one insert of bounded size, however long the line is.

use super::abort::Abort;
use super::ancestry_column::{DecodedAncestry, EncodedAncestry};
use super::engine::SqlEngine;
use super::rows::NewBranchRow;
use super::schema::{branches, messages};
use crate::domain::Ancestry;
use crate::error::Error;
use crate::store::navigation::{AncestryReader as _, ancestry_reaching};
use crate::store::{BranchWithActive, ForkRequest, NewBranch};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use shared::clock::{Clock, Timestamp};
use shared::idempotency::Created;
use shared::ids::BranchId;
use shared_store::Store;
use shared_store::{on, tx};

/// Where a fork begins.
#[derive(Debug, Clone, Copy)]
struct Origin {
    parent: BranchId,
    depth: i64,
    /// When the message there was stored; none for a fork before the first message.
    created_at: Option<Timestamp>,
}

/// Finds the message of a fork, which must lie on the named line.
async fn origin(store: &Store, new: &NewBranch) -> Result<Origin, Error> {
    let Some(message) = new.from else {
        return Ok(Origin { parent: new.chat.trunk(), depth: 0, created_at: None });
    };
    let found: Option<(BranchId, i64, Timestamp)> = on!(store, |c| {
        messages::table
            .inner_join(branches::table)
            .filter(messages::response_id.eq(message).and(branches::root_chat_id.eq(new.chat)))
            .filter(branches::owner_id.eq(new.owner).and(branches::deleted_at.is_null()))
            .select((messages::branch_id, messages::depth, messages::created_at))
            .first(c)
            .await
            .optional()
    })?;
    let (parent, depth, created_at) = found.ok_or(Error::MessageNotFound)?;
    if let Some(line) = new.line.filter(|line| *line != parent) {
        let line = store.read_ancestry(line).await?;
        let inherited = depth <= line.fork_depth;
        let owner = if inherited { ancestry_reaching(store, line, depth).await?.owner(depth) } else { None };
        if owner != Some(parent) {
            return Err(Error::MessageNotFound);
        }
    }
    Ok(Origin { parent, depth, created_at: Some(created_at) })
}

impl SqlEngine {
    pub(crate) async fn check_fork(&self, request: &ForkRequest) -> Result<(), Error> {
        let target = self.resolve(request.owner, request.target).await?.require()?;
        origin(&self.store, &request.in_chat(&target)).await.map(drop)
    }

    pub(crate) async fn fork(&self, request: &ForkRequest) -> Result<Created<BranchWithActive>, Error> {
        let target = self.resolve(request.owner, request.target).await?.require()?;
        let new = request.in_chat(&target);
        let origin = origin(&self.store, &new).await?;
        let trunk = Some(new.chat.trunk()).filter(|trunk| new.activate && *trunk != origin.parent);
        let inserted = self
            .run_with_row_mutexes(trunk.into_iter().chain([origin.parent]), |content| {
                let new = new.clone();
                async move { insert(&content.store, &content.clock, &new, origin).await }
            })
            .await;
        match inserted {
            Ok(id) => self.owned_branch(new.owner, id).await.map(Created::new),
            Err(Abort::Refused(error)) => Err(error),
            Err(Abort::Exists) => {
                let made = match &new.key {
                    Some(key) => self.replay_branch(key).await?,
                    None => None,
                };
                made.map(Created::replayed).ok_or(Error::IdTaken)
            }
        }
    }
}

async fn insert(store: &Store, clock: &Clock, new: &NewBranch, origin: Origin) -> Result<BranchId, Abort> {
    let id = new.id.unwrap_or_else(BranchId::generate);
    tx!(store, |c| {
        let trunk = branches::table.find(new.chat.trunk());
        if new.activate {
            // The trunk's row is locked first: see the order of locks in the doc of `sql`.
            diesel::update(trunk).set(branches::active_branch_id.eq(Some(id))).execute(c).await?;
        }
        // Locks the parent's row: a deletion of it sees this fork.
        let parent = diesel::update(branches::table.find(origin.parent))
            .filter(branches::deleted_at.is_null())
            .set(branches::head_depth.eq(branches::head_depth))
            .returning((branches::ancestry, branches::created_at))
            .get_result::<(DecodedAncestry, Timestamp)>(c)
            .await
            .optional()?;
        let (DecodedAncestry(parent), parent_created_at) = parent.ok_or(Error::MessageNotFound)?;
        let alive = trunk.filter(branches::deleted_at.is_null()).select(branches::branch_id);
        if alive.first::<BranchId>(c).await.optional()?.is_none() {
            return Err(Error::ChatNotFound.into());
        }
        let skip_target = match parent.skip_target_for_child() {
            None => None,
            Some(skip_target) => Some(
                branches::table
                    .find(skip_target)
                    .select(branches::ancestry)
                    .first::<DecodedAncestry>(c)
                    .await?
                    .0,
            ),
        };
        let ancestry = parent.child(id, origin.depth, skip_target.as_ref());
        // Never older than its parent and its message, whatever the clock says.
        let created_at = clock.now().max(parent_created_at);
        let created_at = origin.created_at.map_or(created_at, |message| created_at.max(message));
        let row = row(new, &ancestry, origin.parent, created_at);
        let inserted = diesel::insert_into(branches::table).values(row).on_conflict_do_nothing();
        if inserted.execute(c).await? == 0 {
            return Err(Abort::Exists);
        }
        Ok(id)
    })
}

fn row(new: &NewBranch, ancestry: &Ancestry, parent: BranchId, created_at: Timestamp) -> NewBranchRow {
    NewBranchRow {
        branch_id: ancestry.branch,
        root_chat_id: new.chat,
        owner_id: new.owner,
        parent_branch_id: Some(parent),
        forked_from: new.from,
        fork_depth: ancestry.fork_depth,
        level: ancestry.level,
        ancestry: EncodedAncestry::encode(ancestry),
        name: new.name.as_ref().map(|name| name.as_str().to_owned()),
        head_depth: ancestry.fork_depth,
        head_response_id: new.from,
        active_branch_id: None,
        created_at,
        key_id: new.key.as_ref().map(|key| key.id),
        request_hash: new.key.as_ref().map(|key| key.hash.clone()),
        deleted_at: None,
    }
}
