//! Queries that several operations share.

use super::schema::branches;
use diesel::dsl::auto_type;
use diesel::prelude::*;
use shared::ids::{BranchId, ChatId};

/// The living branches of a chat, parents first.
#[auto_type(no_type_alias)]
pub(super) fn of_chat(chat: ChatId) -> _ {
    branches::table.filter(branches::root_chat_id.eq(chat)).filter(branches::deleted_at.is_null()).order((
        branches::level,
        branches::created_at,
        branches::branch_id,
    ))
}

/// The living children of a branch, oldest first.
#[auto_type(no_type_alias)]
pub(super) fn children(parent: BranchId) -> _ {
    branches::table
        .filter(branches::parent_branch_id.eq(parent))
        .filter(branches::deleted_at.is_null())
        .order((branches::created_at, branches::branch_id))
        .select(branches::branch_id)
}
