//! The messages of segments of a line.

use super::schema::messages;
use crate::domain::Segment;
use diesel::expression::{Expression, SelectableExpression, ValidGrouping};
use diesel::pg::Pg;
use diesel::prelude::QueryResult;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Array, BigInt, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};
use shared::ids::BranchId;
use shared::sql_types::Uid;

/// Selects columns of the messages of these segments, in no order.
///
/// It reads one range of the index (`branch_id`, depth) for each segment, and its statement is the same for any number of them. The
/// engines cannot choose another way, whatever they know of the tables: OFFSET 0 keeps PostgreSQL from moving the conditions out of the
/// subquery, and SQLite does not change the order of a CROSS JOIN. See docs/decisions/0014-plans-on-postgresql.md.
pub(super) fn messages_in<S>(segments: &[Segment], selection: S) -> MessagesIn<S>
where
    S: SelectableExpression<messages::table> + ValidGrouping<()>,
{
    let branches = segments.iter().map(|segment| segment.branch).collect();
    let from = segments.iter().map(|segment| segment.from).collect();
    let to = segments.iter().map(|segment| segment.to).collect();
    MessagesIn { segments: Columns { branches, from, to }, selection }
}

/// The query of [`messages_in`].
#[derive(Debug, Clone)]
pub(super) struct MessagesIn<S> {
    segments: Columns,
    selection: S,
}

#[derive(Debug, Clone)]
struct Columns {
    branches: Vec<BranchId>,
    from: Vec<i64>,
    to: Vec<i64>,
}

/// An array of `[branch, from, to]` as JSON.
impl ToSql<Text, Sqlite> for Columns {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        let depths = self.from.iter().zip(&self.to);
        let segments = self.branches.iter().zip(depths);
        let segments: Vec<_> =
            segments.map(|(branch, (from, to))| format!("[\"{branch}\",{from},{to}]")).collect();
        out.set_value(format!("[{}]", segments.join(",")));
        Ok(IsNull::No)
    }
}

impl<S: QueryFragment<Sqlite>> QueryFragment<Sqlite> for MessagesIn<S> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        self.selection.walk_ast(out.reborrow())?;
        out.push_sql(" FROM json_each(");
        out.push_bind_param::<Text, _>(&self.segments)?;
        out.push_sql(
            ") AS segments CROSS JOIN messages ON messages.branch_id = unhex(segments.value ->> 0, '-') \
             AND messages.depth BETWEEN segments.value ->> 1 AND segments.value ->> 2",
        );
        Ok(())
    }
}

impl<S: QueryFragment<Pg>> QueryFragment<Pg> for MessagesIn<S> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        self.selection.walk_ast(out.reborrow())?;
        out.push_sql(" FROM unnest(");
        out.push_bind_param::<Array<Uid>, _>(&self.segments.branches)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.segments.from)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.segments.to)?;
        out.push_sql(
            ") AS segments (branch_id, from_depth, to_depth) CROSS JOIN LATERAL (SELECT * FROM messages \
             WHERE branch_id = segments.branch_id AND depth BETWEEN segments.from_depth AND segments.to_depth \
             OFFSET 0) AS messages",
        );
        Ok(())
    }
}

impl<S: Expression> Query for MessagesIn<S> {
    type SqlType = S::SqlType;
}

impl<S: QueryId> QueryId for MessagesIn<S> {
    type QueryId = MessagesIn<S::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = S::HAS_STATIC_QUERY_ID;
}

impl<S> diesel::RunQueryDsl<SqliteConnection> for MessagesIn<S> {}
