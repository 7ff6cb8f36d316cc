//! The state of a chat, as the chat service wants it: the state of its trunk's row.

use super::engine::SqlEngine;
use super::lookup::trunk_row;
use super::schema::branches;
use super::tombstones::{Restored, Tombstoned, Unrestorable};
use crate::error::Error;
use crate::store::{ChatState, ChatStateChange, LAST_CHANGE, NewTrunk};
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{ChatId, UserId};
use shared_store::{RunQueryDsl, Session, on};

impl SqlEngine {
    pub(crate) async fn set_chat_state(&self, change: ChatStateChange) -> Result<(), Error> {
        let now = self.clock.now();
        self.write([change.chat.trunk()], move |session| set(session, change, now).boxed()).await
    }
}

/// The part of a trunk's row that says in which state the chat is.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = branches)]
struct TrunkState {
    root_chat_id: ChatId,
    owner_id: UserId,
    chat_state_number: Option<i64>,
    deleted_at: Option<Timestamp>,
    purge_at: Option<Timestamp>,
    sweep_at: Option<Timestamp>,
    swept_at: Option<Timestamp>,
}

impl TrunkState {
    /// Whether this is the trunk of the change, and its last change has a lower number.
    fn is_before(&self, change: &ChatStateChange) -> bool {
        (self.root_chat_id, self.owner_id) == (change.chat, change.owner)
            && self.chat_state_number.is_none_or(|number| number < change.number)
    }

    const fn is_alive(&self) -> bool {
        self.deleted_at.is_none()
    }

    /// Whether it is a tombstone with which the sweep has nothing to do, nor had.
    const fn is_restorable(&self) -> bool {
        let is_deleted_for_a_while = self.deleted_at.is_some() && self.purge_at.is_some();
        is_deleted_for_a_while && self.sweep_at.is_none() && self.swept_at.is_none()
    }
}

async fn set(session: &mut Session, change: ChatStateChange, now: Timestamp) -> Result<(), Error> {
    let ChatStateChange { chat, owner, created_at, number, .. } = change;
    // Until the change has set it, its state has no number.
    let trunk = trunk_row(NewTrunk { chat, owner, created_at });
    let insert = diesel::insert_into(branches::table).values(trunk).on_conflict_do_nothing();
    on!(session, |c| insert.execute(c).await)?;
    let trunk = branches::table.find(chat.trunk());
    let found: TrunkState = on!(session, |c| {
        let lock = diesel::update(trunk).set(branches::head_depth.eq(branches::head_depth));
        lock.returning(TrunkState::as_returning()).get_result(c).await
    })?;
    if !found.is_before(&change) || !(found.is_alive() || found.is_restorable()) {
        return Ok(());
    }
    let trunk = diesel::update(trunk);
    let last = branches::chat_state_number.eq(Some(LAST_CHANGE));
    let number = branches::chat_state_number.eq(Some(number));
    match change.state {
        ChatState::Alive => {
            let restore = trunk.set((Restored::default(), number));
            on!(session, |c| restore.execute(c).await)?;
        }
        ChatState::Deleted { purge_at } => {
            let times = (branches::deleted_at.eq(Some(now)), branches::purge_at.eq(Some(purge_at)));
            on!(session, |c| trunk.set((times, number)).execute(c).await)?;
        }
        ChatState::Destroyed if found.is_alive() => {
            let destroy = trunk.set((Tombstoned::for_good(now), last));
            on!(session, |c| destroy.execute(c).await)?;
        }
        ChatState::Destroyed => {
            let destroy = trunk.set((Unrestorable::at(now), last));
            on!(session, |c| destroy.execute(c).await)?;
        }
    }
    Ok(())
}
