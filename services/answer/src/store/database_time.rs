//! The clock of the database, by which leases run: the clocks of replicas may differ.

use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::prelude::QueryResult;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel::sqlite::Sqlite;
use shared::sql_types::Instant;
use std::time::Duration;

/// The time of the transaction, and some microseconds.
#[derive(Debug, Clone, Copy, QueryId)]
pub(super) struct DatabaseTime {
    offset_micros: i64,
}

/// The present time.
pub(super) const fn now() -> DatabaseTime {
    DatabaseTime { offset_micros: 0 }
}

/// The present time plus `span`.
pub(super) fn after(span: Duration) -> DatabaseTime {
    DatabaseTime { offset_micros: micros(span) }
}

/// The present time minus `span`.
pub(super) fn before(span: Duration) -> DatabaseTime {
    DatabaseTime { offset_micros: -micros(span) }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

impl QueryFragment<Pg> for DatabaseTime {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // Not clock_timestamp(): an index serves a condition only with a stable function.
        out.push_sql("(now() + ");
        out.push_bind_param::<BigInt, _>(&self.offset_micros)?;
        out.push_sql(" * interval '1 microsecond')");
        Ok(())
    }
}

impl QueryFragment<Sqlite> for DatabaseTime {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("(CAST(unixepoch('subsec') * 1000000 AS INTEGER) + ");
        out.push_bind_param::<BigInt, _>(&self.offset_micros)?;
        out.push_sql(")");
        Ok(())
    }
}

impl Expression for DatabaseTime {
    type SqlType = Instant;
}

impl<QS> AppearsOnTable<QS> for DatabaseTime {}

impl<QS> SelectableExpression<QS> for DatabaseTime {}

impl<GroupBy> ValidGrouping<GroupBy> for DatabaseTime {
    type IsAggregate = is_aggregate::Never;
}
