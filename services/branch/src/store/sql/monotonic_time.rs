//! The time of a message: later than that of the message before it, whatever the clock says.

use diesel::expression::{AppearsOnTable, Expression};
use diesel::prelude::QueryResult;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sqlite::Sqlite;
use shared::clock::Timestamp;
use shared::ids::ResponseId;
use shared::sql_types::{Instant, Uid};

/// `now`, or a microsecond after the time of the message `after`, if that is later.
///
/// That time is read from the message's own row, so that it is right also if an older version of the program appends.
#[derive(Debug, Clone, Copy)]
pub(super) struct MonotonicTime {
    pub(super) now: Timestamp,
    pub(super) after: Option<ResponseId>,
}

impl QueryFragment<Sqlite> for MonotonicTime {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let Some(after) = &self.after else { return out.push_bind_param::<Instant, _>(&self.now) };
        out.push_sql("MAX(");
        out.push_bind_param::<Instant, _>(&self.now)?;
        out.push_sql(
            ", COALESCE((SELECT head.created_at + 1 FROM messages AS head WHERE head.response_id = ",
        );
        out.push_bind_param::<Uid, _>(after)?;
        out.push_sql("), ");
        out.push_bind_param::<Instant, _>(&self.now)?;
        out.push_sql("))");
        Ok(())
    }
}

impl Expression for MonotonicTime {
    type SqlType = Instant;
}

impl<QS: ?Sized> AppearsOnTable<QS> for MonotonicTime {}

impl QueryId for MonotonicTime {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
