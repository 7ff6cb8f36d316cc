//! Forking: one insert of bounded size, however long the line is.

use super::abort::Abort;
use super::ancestry_column::{DecodedAncestry, EncodedAncestry};
use super::engine::SqlEngine;
use super::fork_origin::{Origin, origin};
use super::rows::NewBranchRow;
use super::schema::branches;
use crate::domain::{Ancestry, Branch, MIN_TIME_STEP, preview};
use crate::error::Error;
use crate::store::navigation::AncestryReader as _;
use crate::store::{BranchWithActive, ForkRequest};
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::{Clock, Timestamp};
use shared::idempotency::Created;
use shared::ids::{BranchId, ChatId, ResponseId};
use shared_store::{RunQueryDsl, Session, on};
use std::sync::Arc;

impl SqlEngine {
    pub(crate) async fn check_fork(&self, request: &ForkRequest) -> Result<(), Error> {
        self.origin(&Arc::new(request.clone())).await.map(drop)
    }

    pub(crate) async fn fork(&self, request: &ForkRequest) -> Result<Created<BranchWithActive>, Error> {
        let request = Arc::new(request.clone());
        let origin = self.origin(&request).await?;
        let (new, clock) = (Arc::clone(&request), self.clock.clone());
        let rows = rows(&request, origin, None);
        let made = self
            .write(rows, move |session| {
                async move { insert(session, &new, origin, &clock, None).await }.boxed()
            })
            .await;
        match made {
            Ok(made) => Ok(Created::new(made)),
            Err(Abort::Refused(error)) => Err(error),
            Err(Abort::Exists) => {
                let made = match &request.key {
                    Some(key) => self.replay_branch(key).await?,
                    None => None,
                };
                made.map(Created::replayed).ok_or(Error::IdTaken)
            }
        }
    }

    pub(super) async fn origin(&self, request: &Arc<ForkRequest>) -> Result<Origin, Error> {
        let request = Arc::clone(request);
        self.store.read(|session| async move { origin(session, &request).await }.boxed()).await
    }
}

/// The rows that a fork locks, the trunk's first: beside the parent's that of this line, if there is one.
pub(super) fn rows(
    request: &ForkRequest,
    origin: Origin,
    line: Option<BranchId>,
) -> impl Iterator<Item = BranchId> + use<> {
    let trunk = Some(origin.chat.trunk()).filter(|_| request.activate || line.is_some());
    let others = line.into_iter().chain([origin.parent]);
    trunk.into_iter().chain(others.filter(move |row| trunk != Some(*row)))
}

/// The messages that a fork begins with.
#[derive(Debug, Clone, Copy)]
pub(super) struct ForkMessages<'a> {
    pub(super) ids: &'a [ResponseId],
    /// The question of the first.
    pub(super) question: &'a str,
    /// The branch that must be there beside the parent.
    pub(super) line: Option<BranchId>,
}

/// Inserts a fork, which may begin with messages.
pub(super) async fn insert(
    session: &mut Session,
    new: &ForkRequest,
    origin: Origin,
    clock: &Clock,
    own: Option<ForkMessages<'_>>,
) -> Result<BranchWithActive, Abort> {
    let id = new.id.unwrap_or_else(BranchId::generate);
    if let Some(line) = own.and_then(|own| own.line) {
        lock_line(session, origin.chat, line).await?;
    }
    let Locked { parent, parent_created_at, parent_level, active } = lock(session, new, origin, id).await?;
    let ancestry = ancestry(session, parent, origin, id).await?;
    // Never older than its parent and its message, whatever the clock says.
    let created_at = clock.now().max(parent_created_at);
    let created_at = origin.created_at.map_or(created_at, |message| created_at.max(message));
    let mut row = row(new, &ancestry, parent_level + 1, origin, created_at);
    if let Some(own) = own {
        begin_with(&mut row, own, origin);
    }
    let inserted = diesel::insert_into(branches::table).values(&row).on_conflict_do_nothing();
    if on!(session, |c| inserted.execute(c).await)? == 0 {
        return Err(Abort::Exists);
    }
    Ok(BranchWithActive { branch: Branch::from(row), active })
}

/// The ancestry of a branch with this parent in its chat.
async fn ancestry(
    session: &mut Session,
    parent: Ancestry,
    origin: Origin,
    id: BranchId,
) -> Result<Ancestry, Error> {
    if origin.created_at.is_none() && parent.fork_depth > 0 {
        // Before the first message of a chat that inherits some.
        return Ok(Ancestry::trunk(id));
    }
    let owner = match origin.stands_on {
        Some(owner) => session.read_ancestry(owner).await?,
        None => parent,
    };
    child(session, &owner, id, origin.depth).await
}

/// The ancestry of a branch that forks from a message which this branch owns.
pub(super) async fn child(
    session: &mut Session,
    owner: &Ancestry,
    id: BranchId,
    depth: i64,
) -> Result<Ancestry, Error> {
    let skip_target = match owner.skip_target_for_child() {
        None => None,
        Some(skip_target) => Some(session.read_ancestry(skip_target).await?),
    };
    Ok(owner.child(id, depth, skip_target.as_ref()))
}

/// The locked parent of a fork, and the branch that is active with it.
struct Locked {
    parent: Ancestry,
    parent_created_at: Timestamp,
    parent_level: i64,
    active: BranchId,
}

/// Locks the row of a line, after the trunk's: a deletion of it comes before the fork as a whole, or after it.
async fn lock_line(session: &mut Session, chat: ChatId, line: BranchId) -> Result<(), Abort> {
    for (row, gone) in [(chat.trunk(), Error::ChatNotFound), (line, Error::BranchNotFound)] {
        let living = branches::table.find(row).filter(branches::deleted_at.is_null());
        let lock = diesel::update(living).set(branches::head_depth.eq(branches::head_depth));
        if on!(session, |c| lock.execute(c).await)? == 0 {
            return Err(gone.into());
        }
    }
    Ok(())
}

/// Locks the rows that a fork needs, and makes it the active branch if it shall be.
async fn lock(
    session: &mut Session,
    new: &ForkRequest,
    origin: Origin,
    id: BranchId,
) -> Result<Locked, Abort> {
    let trunk = branches::table.find(origin.chat.trunk()).filter(branches::deleted_at.is_null());
    let mut active = None;
    if new.activate {
        // The trunk's row is locked first: see the order of locks in the doc of `sql`.
        let activate = diesel::update(trunk).set(branches::active_branch_id.eq(Some(id)));
        if on!(session, |c| activate.execute(c).await)? == 0 {
            return Err(Error::ChatNotFound.into());
        }
        active = Some(id);
    }
    // Locks the parent's row: a deletion of it sees this fork.
    let parent: Option<(DecodedAncestry, Timestamp, i64)> = on!(session, |c| {
        diesel::update(branches::table.find(origin.parent))
            .filter(branches::deleted_at.is_null())
            .set(branches::head_depth.eq(branches::head_depth))
            .returning((branches::ancestry, branches::created_at, branches::level))
            .get_result(c)
            .await
            .optional()
    })?;
    let (DecodedAncestry(parent), parent_created_at, parent_level) = parent.ok_or(Error::MessageNotFound)?;
    if active.is_none() {
        let chosen: Option<Option<BranchId>> =
            on!(session, |c| trunk.select(branches::active_branch_id).first(c).await.optional())?;
        active = chosen.ok_or(Error::ChatNotFound)?;
    }
    let active = active.unwrap_or(origin.chat.trunk());
    Ok(Locked { parent, parent_created_at, parent_level, active })
}

/// Sets the columns of a fork that tell of its messages.
fn begin_with(row: &mut NewBranchRow, own: ForkMessages<'_>, origin: Origin) {
    let first_at = origin.next_message_time(row.created_at);
    let mut last_at = first_at;
    for _ in own.ids.iter().skip(1) {
        last_at = last_at.plus(MIN_TIME_STEP);
    }
    row.head_depth += i64::try_from(own.ids.len()).unwrap_or(i64::MAX);
    row.head_response_id = own.ids.last().copied();
    row.first_response_id = own.ids.split_first().map(|(first, _)| *first);
    (row.first_message_at, row.last_message_at) = (Some(first_at), Some(last_at));
    row.preview = Some(preview(own.question).to_owned());
    // The first message has it.
    (row.key_id, row.request_hash) = (None, None);
}

fn row(
    new: &ForkRequest,
    ancestry: &Ancestry,
    level: i64,
    origin: Origin,
    created_at: Timestamp,
) -> NewBranchRow {
    NewBranchRow {
        branch_id: ancestry.branch,
        root_chat_id: origin.chat,
        owner_id: new.owner,
        parent_branch_id: Some(origin.parent),
        forked_from: new.from,
        fork_depth: ancestry.fork_depth,
        level,
        ancestry: EncodedAncestry::encode(ancestry),
        name: new.name.as_ref().map(|name| name.as_str().to_owned()),
        head_depth: ancestry.fork_depth,
        head_response_id: new.from,
        active_branch_id: None,
        created_at,
        key_id: new.key.as_ref().map(|key| key.id),
        request_hash: new.key.as_ref().map(|key| key.hash.clone()),
        deleted_at: None,
        purge_at: None,
        sweep_at: None,
        first_response_id: None,
        first_message_at: None,
        last_message_at: None,
        preview: None,
        activated_at: new.activate.then_some(created_at),
        stands_on: origin.stands_on,
        changed_at: Some(created_at),
    }
}
