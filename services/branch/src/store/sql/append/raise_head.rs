//! The statement that raises the head of a line, on `SQLite`.

use crate::store::sql::conditions::LineOf;
use diesel::SqliteConnection;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable};
use diesel::sqlite::Sqlite;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use shared::sql_types::{Instant, Uid};

/// Raises the head of a line to a message, and tells the place and the time of the message.
///
/// The time is `now`, or a microsecond after the time of the head before, if that is later; not before the branch was created. The time of
/// that head is read from the message's own row, so that it is right also if an older version of the program appends.
///
/// It is written out because diesel prepares its own UPDATE anew each time, which costs as much as all else that an append does.
#[derive(Debug, Clone, Copy, QueryId)]
pub(super) struct RaiseHead {
    pub(super) line: LineOf,
    pub(super) id: ResponseId,
    pub(super) now: Timestamp,
}

/// A line whose head was raised.
#[derive(Debug, Queryable)]
pub(super) struct RaisedHead {
    pub(super) branch: BranchId,
    pub(super) chat: ChatId,
    pub(super) head_depth: i64,
    pub(super) fork_depth: i64,
    pub(super) head_before: Option<ResponseId>,
    /// The time of the message that raises it.
    pub(super) message_at: Timestamp,
}

impl RaisedHead {
    /// Whether the message is the first that the branch owns.
    pub(super) const fn is_first(&self) -> bool {
        self.head_depth == self.fork_depth + 1
    }
}

impl QueryFragment<Sqlite> for RaiseHead {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        // All expressions see the row as it was before.
        out.push_sql(
            "UPDATE branches SET head_depth = head_depth + 1, before_head_id = head_response_id, head_response_id = ",
        );
        out.push_bind_param::<Uid, _>(&self.id)?;
        out.push_sql(", last_message_at = MAX(");
        out.push_bind_param::<Instant, _>(&self.now)?;
        out.push_sql(
            ", branches.created_at, COALESCE((SELECT heads.created_at + 1 FROM messages AS heads \
             WHERE heads.response_id = branches.head_response_id), 0)) WHERE branch_id = ",
        );
        self.line.walk_ast(out.reborrow())?;
        out.push_sql(
            " AND deleted_at IS NULL \
             RETURNING branch_id, root_chat_id, head_depth, fork_depth, before_head_id, last_message_at",
        );
        Ok(())
    }
}

impl Query for RaiseHead {
    type SqlType = (Uid, Uid, BigInt, BigInt, Nullable<Uid>, Instant);
}

impl RunQueryDsl<SqliteConnection> for RaiseHead {}
