//! The queue of the sweep: tombstones with a time at which it takes them up.

use super::engine::SqlEngine;
use super::queries;
use super::schema::branches;
use crate::error::Error;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId};
use shared::tags::Tags;
use shared_store::{RunQueryDsl, Session, any_of, on};

/// Rows of one step.
pub(super) const ROWS_PER_SWEEP: i64 = 200;

/// A tombstone that is due.
#[derive(Debug, Clone, Copy, Queryable)]
pub(super) struct Tombstone {
    pub(super) branch: BranchId,
    pub(super) chat: ChatId,
    pub(super) deleted_at: Option<Timestamp>,
    pub(super) purge_at: Option<Timestamp>,
    pub(super) sweep_at: Option<Timestamp>,
    pub(super) fork_depth: i64,
    parent: Option<BranchId>,
    stands_on: Option<BranchId>,
}

impl Tombstone {
    pub(super) fn is_trunk(&self) -> bool {
        self.branch == self.chat.trunk()
    }

    /// The branch that owns the message which it forks from.
    pub(super) fn base(&self) -> Option<BranchId> {
        self.stands_on.or(self.parent)
    }
}

/// The tombstones that are due first, of one chat the deepest first.
pub(super) async fn due_tombstones(session: &mut Session, now: Timestamp) -> Result<Vec<Tombstone>, Error> {
    let query = branches::table
        .filter(branches::sweep_at.le(now))
        .order((branches::sweep_at, branches::level.desc()))
        .limit(ROWS_PER_SWEEP)
        .select((
            branches::branch_id,
            branches::root_chat_id,
            branches::deleted_at,
            branches::purge_at,
            branches::sweep_at,
            branches::fork_depth,
            branches::parent_branch_id,
            branches::stands_on,
        ));
    Ok(on!(session, |c| query.load(c).await)?)
}

/// Makes branches of a deleted chat tombstones that are due with its trunk. The update of a row waits for appends and forks that
/// lock it, so that once no living branch is left, none follows.
pub(super) async fn tombstone_branches_of(session: &mut Session, trunk: &Tombstone) -> Result<usize, Error> {
    let living = queries::of_chat(trunk.chat).limit(ROWS_PER_SWEEP).select(branches::branch_id);
    let living: Vec<BranchId> = on!(session, |c| living.load(c).await)?;
    if living.is_empty() {
        return Ok(0);
    }
    let update = diesel::update(branches::table.filter(any_of(branches::branch_id, living)));
    let update = update.set((
        branches::deleted_at.eq(trunk.deleted_at),
        branches::purge_at.eq(trunk.purge_at),
        branches::sweep_at.eq(trunk.sweep_at),
    ));
    Ok(on!(session, |c| update.execute(c).await)?)
}

/// Records that these tombstones have no messages left, and takes them from the queue.
pub(super) async fn record_swept(
    session: &mut Session,
    ids: &[BranchId],
    now: Timestamp,
) -> Result<(), Error> {
    let rows = branches::table.filter(any_of(branches::branch_id, ids.iter().copied()));
    let nothing = None::<String>;
    let update = diesel::update(rows).set((
        branches::swept_at.eq(Some(now)),
        branches::sweep_at.eq(None::<Timestamp>),
        branches::name.eq(&nothing),
        branches::preview.eq(&nothing),
        branches::tags.eq(Tags::default()),
    ));
    on!(session, |c| update.execute(c).await)?;
    Ok(())
}

impl SqlEngine {
    /// Puts tombstones into the queue that an older version of the program has made. False if there are none.
    pub(super) async fn queue_unqueued(&self) -> Result<bool, Error> {
        let found = self.store.read(|session| unqueued(session).boxed()).await?;
        if found.is_empty() {
            return Ok(false);
        }
        self.store.write(|session| queue(session, found).boxed()).await?;
        Ok(true)
    }
}

async fn unqueued(session: &mut Session) -> Result<Vec<BranchId>, Error> {
    let query = branches::table
        .filter(branches::deleted_at.is_not_null().and(branches::purge_at.is_null()))
        .order(branches::deleted_at)
        .limit(ROWS_PER_SWEEP)
        .select(branches::branch_id);
    Ok(on!(session, |c| query.load(c).await)?)
}

/// Nothing of them can be restored. Also those that the older version has swept, once more.
async fn queue(session: &mut Session, ids: Vec<BranchId>) -> Result<(), Error> {
    let rows = branches::table.filter(any_of(branches::branch_id, ids));
    let update = diesel::update(rows)
        .set((branches::purge_at.eq(branches::deleted_at), branches::sweep_at.eq(branches::deleted_at)));
    on!(session, |c| update.execute(c).await)?;
    Ok(())
}
