//! The state of a chat, as the chat service wants it: the state of its trunk's row.

use super::engine::SqlEngine;
use super::lookup::trunk_row;
use super::schema::branches;
use super::tombstones::{Restored, Tombstoned, Unrestorable};
use crate::error::Error;
use crate::store::{ChatState, ChatStateChange, LAST_CHANGE, NewTrunk};
use diesel::dsl::auto_type;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{BranchId, UserId};
use shared_store::{RunQueryDsl, Session, on};

impl SqlEngine {
    pub(crate) async fn set_chat_state(&self, change: ChatStateChange) -> Result<(), Error> {
        let now = self.clock.now();
        self.write([change.chat.trunk()], move |session| set(session, change, now).boxed()).await
    }
}

async fn set(session: &mut Session, change: ChatStateChange, now: Timestamp) -> Result<(), Error> {
    let ChatStateChange { chat, owner, created_at, .. } = change;
    // Until the change has set it, its state has no number.
    let trunk = trunk_row(NewTrunk { chat, owner, created_at });
    let insert = diesel::insert_into(branches::table).values(trunk).on_conflict_do_nothing();
    on!(session, |c| insert.execute(c).await)?;
    match change.state {
        ChatState::Alive => restore(session, change).await,
        ChatState::Deleted { purge_at } => delete(session, change, now, purge_at).await,
        ChatState::Destroyed => destroy(session, change, now).await,
    }
}

/// The trunk of this user, if the last change of its state has a lower number than this one.
#[auto_type(no_type_alias)]
fn trunk_before(trunk: BranchId, owner: UserId, number: i64) -> _ {
    branches::table
        .filter(branches::branch_id.eq(trunk).and(branches::parent_branch_id.is_null()))
        .filter(branches::owner_id.eq(owner))
        .filter(branches::chat_state_number.is_null().or(branches::chat_state_number.lt(number)))
}

/// Whether a trunk is a tombstone that can be restored: the sweep has nothing to do with it.
#[auto_type(no_type_alias)]
fn is_restorable() -> _ {
    branches::deleted_at
        .is_not_null()
        .and(branches::purge_at.is_not_null())
        .and(branches::sweep_at.is_null())
        .and(branches::swept_at.is_null())
}

async fn restore(session: &mut Session, change: ChatStateChange) -> Result<(), Error> {
    let trunk = trunk_before(change.chat.trunk(), change.owner, change.number);
    let is_alive_or_restorable = branches::deleted_at.is_null().or(is_restorable());
    let restore = diesel::update(trunk.filter(is_alive_or_restorable))
        .set((Restored::default(), branches::chat_state_number.eq(Some(change.number))));
    on!(session, |c| restore.execute(c).await)?;
    Ok(())
}

async fn delete(
    session: &mut Session,
    change: ChatStateChange,
    now: Timestamp,
    purge_at: Timestamp,
) -> Result<(), Error> {
    let trunk = trunk_before(change.chat.trunk(), change.owner, change.number);
    let is_alive_or_restorable = branches::deleted_at.is_null().or(is_restorable());
    let delete = diesel::update(trunk.filter(is_alive_or_restorable)).set((
        branches::deleted_at.eq(Some(now)),
        branches::purge_at.eq(Some(purge_at)),
        branches::chat_state_number.eq(Some(change.number)),
    ));
    on!(session, |c| delete.execute(c).await)?;
    Ok(())
}

/// Nothing changes the state of the chat after that.
async fn destroy(session: &mut Session, change: ChatStateChange, now: Timestamp) -> Result<(), Error> {
    let last = branches::chat_state_number.eq(Some(LAST_CHANGE));
    let trunk = || trunk_before(change.chat.trunk(), change.owner, change.number);
    let hidden = diesel::update(trunk().filter(is_restorable())).set((Unrestorable::at(now), last));
    on!(session, |c| hidden.execute(c).await)?;
    let living = diesel::update(trunk().filter(branches::deleted_at.is_null()));
    let living = living.set((Tombstoned::for_good(now), last));
    on!(session, |c| living.execute(c).await)?;
    Ok(())
}
