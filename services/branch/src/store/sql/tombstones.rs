//! The columns that make a row a tombstone, or bring it back.

use super::schema::branches;
use crate::error::Error;
use diesel::prelude::*;

use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, OperationId};
use shared::tags::Tags;
use shared::undo_window::UndoWindow;
use shared_store::{RunQueryDsl, Session, on};

/// The columns of a tombstone.
#[derive(Debug, Clone, Copy, AsChangeset)]
#[diesel(table_name = branches)]
pub(super) struct Tombstoned {
    pub(super) deleted_at: Option<Timestamp>,
    pub(super) purge_at: Option<Timestamp>,
    pub(super) sweep_at: Option<Timestamp>,
    /// The same on all that a request takes; none if it cannot be undone.
    pub(super) deletion_id: Option<OperationId>,
}

impl Tombstoned {
    /// A tombstone that can be restored within the window.
    pub(super) fn new(now: Timestamp, window: UndoWindow) -> Self {
        let Some(purge_at) = window.purge_at(now) else { return Self::for_good(now) };
        let deletion_id = Some(OperationId::generate());
        Self { deleted_at: Some(now), purge_at: Some(purge_at), sweep_at: Some(purge_at), deletion_id }
    }

    /// One that the sweep takes up at once.
    pub(super) const fn for_good(now: Timestamp) -> Self {
        Self { deleted_at: Some(now), purge_at: Some(now), sweep_at: Some(now), deletion_id: None }
    }
}

/// The columns that a tombstone has and a living branch has not.
#[derive(Debug, Clone, Copy, Default, AsChangeset)]
#[diesel(table_name = branches, treat_none_as_null = true)]
pub(super) struct Restored {
    deleted_at: Option<Timestamp>,
    purge_at: Option<Timestamp>,
    sweep_at: Option<Timestamp>,
    deletion_id: Option<OperationId>,
    deleted_count: Option<i64>,
    active_before: Option<BranchId>,
}

/// The columns of a tombstone that can be restored no longer.
#[derive(Debug, Clone, Copy, AsChangeset)]
#[diesel(table_name = branches, treat_none_as_null = true)]
pub(super) struct Unrestorable {
    purge_at: Option<Timestamp>,
    sweep_at: Option<Timestamp>,
    deletion_id: Option<OperationId>,
    deleted_count: Option<i64>,
    active_before: Option<BranchId>,
}

impl Unrestorable {
    /// One that the sweep takes up at this time.
    pub(super) const fn at(now: Timestamp) -> Self {
        Self {
            purge_at: Some(now),
            sweep_at: Some(now),
            deletion_id: None,
            deleted_count: None,
            active_before: None,
        }
    }
}

/// The columns of a tombstone of which the sweep deletes nothing more for now: what it shows is deleted.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = branches, treat_none_as_null = true)]
pub(super) struct Unqueued {
    sweep_at: Option<Timestamp>,
    name: Option<String>,
    preview: Option<String>,
    tags: Tags,
}

/// Locks the trunk's row of a living chat, and returns the active branch. [`Error::BranchNotFound`] if the chat is deleted.
pub(super) async fn lock_trunk(
    session: &mut Session,
    chat: ChatId,
    now: Timestamp,
) -> Result<Option<BranchId>, Error> {
    let trunk = branches::table.find(chat.trunk()).filter(branches::deleted_at.is_null());
    let lock = diesel::update(trunk).set(branches::changed_at.eq(Some(now)));
    let lock = lock.returning(branches::active_branch_id);
    let active: Option<Option<BranchId>> = on!(session, |c| lock.get_result(c).await.optional())?;
    active.ok_or(Error::BranchNotFound)
}
