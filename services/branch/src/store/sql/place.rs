//! A branch's ancestry in a column.

use crate::domain::Ancestry;
use crate::store::place;
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Binary;

/// An [`Ancestry`] as its column has it.
#[derive(Debug, Clone, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub(super) struct Place(Vec<u8>);

impl Place {
    pub(super) fn encode(ancestry: &Ancestry) -> Self {
        Self(place::encode(ancestry))
    }
}

impl<DB: Backend> ToSql<Binary, DB> for Place
where
    Vec<u8>: ToSql<Binary, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

/// What is read from the column.
#[derive(Debug, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub(super) struct ReadPlace(pub(super) Ancestry);

impl<DB: Backend> FromSql<Binary, DB> for ReadPlace
where
    Vec<u8>: FromSql<Binary, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(place::decode(&Vec::from_sql(value)?).ok_or("branches.place is no ancestry")?))
    }
}
