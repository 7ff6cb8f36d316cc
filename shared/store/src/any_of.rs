//! A condition on ids whose statement is prepared once, however many ids there are.

use diesel::QueryResult;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Array, Bool, IntoNullable, Nullable, Text};
use diesel::sqlite::Sqlite;
use shared::sql_types::Uid;
use std::fmt::{Debug, Display};

/// Matches the rows whose `column` is one of `ids`.
///
/// It is `= ANY($1)` on PostgreSQL and `IN (SELECT .. FROM json_each(?))` on SQLite, where diesel's `eq_any` has a parameter for each id, and its
/// statement is not cached.
pub fn any_of<C, I>(column: C, ids: impl IntoIterator<Item = I>) -> AnyOf<C, I>
where
    C: Expression<SqlType: IntoNullable<Nullable = Nullable<Uid>>>,
{
    AnyOf { column, ids: ids.into_iter().collect() }
}

/// The condition of [`any_of`].
#[derive(Debug, Clone)]
pub struct AnyOf<C, I> {
    column: C,
    ids: IdArray<I>,
}

/// Ids as one parameter: an array on PostgreSQL, a JSON array of texts on SQLite.
#[derive(Debug, Clone)]
pub struct IdArray<I>(Vec<I>);

impl<I> FromIterator<I> for IdArray<I> {
    fn from_iter<T: IntoIterator<Item = I>>(ids: T) -> Self {
        Self(ids.into_iter().collect())
    }
}

impl<I: ToSql<Uid, Pg> + Debug> ToSql<Array<Uid>, Pg> for IdArray<I> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<Array<Uid>, Pg>::to_sql(&self.0, out)
    }
}

impl<I: Display + Debug> ToSql<Text, Sqlite> for IdArray<I> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        let ids: Vec<_> = self.0.iter().map(|id| format!("\"{id}\"")).collect();
        out.set_value(format!("[{}]", ids.join(",")));
        Ok(IsNull::No)
    }
}

impl<C: QueryFragment<Sqlite>, I: Display + Debug> QueryFragment<Sqlite> for AnyOf<C, I> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" IN (SELECT unhex(value, '-') FROM json_each(");
        out.push_bind_param::<Text, _>(&self.ids)?;
        out.push_sql("))");
        Ok(())
    }
}

impl<C: QueryFragment<Pg>, I: ToSql<Uid, Pg> + Debug> QueryFragment<Pg> for AnyOf<C, I> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" = ANY(");
        out.push_bind_param::<Array<Uid>, _>(&self.ids)?;
        out.push_sql(")");
        Ok(())
    }
}

impl<C: Expression, I> Expression for AnyOf<C, I> {
    type SqlType = Bool;
}

impl<C: AppearsOnTable<QS>, I, QS: ?Sized> AppearsOnTable<QS> for AnyOf<C, I> {}

impl<C: SelectableExpression<QS>, I, QS: ?Sized> SelectableExpression<QS> for AnyOf<C, I> {}

impl<C: ValidGrouping<GroupBy>, I, GroupBy> ValidGrouping<GroupBy> for AnyOf<C, I> {
    type IsAggregate = C::IsAggregate;
}

impl<C: QueryId, I> QueryId for AnyOf<C, I> {
    type QueryId = AnyOf<C::QueryId, ()>;
    const HAS_STATIC_QUERY_ID: bool = C::HAS_STATIC_QUERY_ID;
}
