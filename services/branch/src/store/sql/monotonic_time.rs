//! The time of a message: later than that of the message before it, whatever the clock says.

use super::schema::branches;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::prelude::QueryResult;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::Nullable;
use diesel::sqlite::Sqlite;
use shared::clock::Timestamp;
use shared::sql_types::Instant;

/// The time of the next message of a branch: `now`, or a microsecond after the time of its head, if that is later; not before the
/// branch was created.
///
/// The time of the head is read from the message's own row, so that it is right also if an older version of the program appends.
#[derive(Debug, Clone, Copy)]
pub(super) struct NextMessageTime {
    pub(super) now: Timestamp,
}

impl QueryFragment<Sqlite> for NextMessageTime {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("MAX(");
        out.push_bind_param::<Instant, _>(&self.now)?;
        out.push_sql(
            ", branches.created_at, COALESCE((SELECT heads.created_at + 1 FROM messages AS heads \
             WHERE heads.response_id = branches.head_response_id), 0))",
        );
        Ok(())
    }
}

impl Expression for NextMessageTime {
    type SqlType = Nullable<Instant>;
}

impl AppearsOnTable<branches::table> for NextMessageTime {}

impl SelectableExpression<branches::table> for NextMessageTime {}

impl ValidGrouping<()> for NextMessageTime {
    type IsAggregate = is_aggregate::No;
}

impl QueryId for NextMessageTime {
    type QueryId = Self;
}
