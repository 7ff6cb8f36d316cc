//! The time of a message: later than that of the message before it, whatever the clock says.

use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression};
use diesel::pg::Pg;
use diesel::prelude::QueryResult;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;
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

impl MonotonicTime {
    /// Writes `MAXIMUM(now, COALESCE((SELECT NEXT FROM messages ..), now))` in the syntax of an engine.
    fn walk<'b, DB>(&'b self, mut out: AstPass<'_, 'b, DB>, maximum: &str, next: &str) -> QueryResult<()>
    where
        DB: Backend + HasSqlType<Instant> + HasSqlType<Uid>,
        Timestamp: ToSql<Instant, DB>,
        ResponseId: ToSql<Uid, DB>,
    {
        let Some(after) = &self.after else { return out.push_bind_param::<Instant, _>(&self.now) };
        out.push_sql(maximum);
        out.push_sql("(");
        out.push_bind_param::<Instant, _>(&self.now)?;
        out.push_sql(", COALESCE((SELECT ");
        out.push_sql(next);
        out.push_sql(" FROM messages AS head WHERE head.response_id = ");
        out.push_bind_param::<Uid, _>(after)?;
        out.push_sql("), ");
        out.push_bind_param::<Instant, _>(&self.now)?;
        out.push_sql("))");
        Ok(())
    }
}

impl QueryFragment<Pg> for MonotonicTime {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.walk(out, "GREATEST", "head.created_at + INTERVAL '1 microsecond'")
    }
}

impl QueryFragment<Sqlite> for MonotonicTime {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.walk(out, "MAX", "head.created_at + 1")
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
