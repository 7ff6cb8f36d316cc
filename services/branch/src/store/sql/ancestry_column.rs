//! The values of the ancestry's column, `branches.place`.

use crate::domain::Ancestry;
use crate::store::ancestry_codec;
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Binary;

/// An encoded [`Ancestry`], to write.
#[derive(Debug, Clone, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub(super) struct EncodedAncestry(Vec<u8>);

impl EncodedAncestry {
    pub(super) fn encode(ancestry: &Ancestry) -> Self {
        Self(ancestry_codec::encode(ancestry))
    }
}

impl<DB: Backend> ToSql<Binary, DB> for EncodedAncestry
where
    Vec<u8>: ToSql<Binary, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

/// A decoded [`Ancestry`], read.
#[derive(Debug, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub(super) struct DecodedAncestry(pub(super) Ancestry);

impl<DB: Backend> FromSql<Binary, DB> for DecodedAncestry
where
    Vec<u8>: FromSql<Binary, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(ancestry_codec::decode(&Vec::from_sql(value)?).ok_or("branches.place is no ancestry")?))
    }
}
