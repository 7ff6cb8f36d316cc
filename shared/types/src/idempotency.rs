//! What a row holds of the request that created it, so that a repetition creates nothing.

use crate::ids::KeyId;

/// SHA-256 over the bytes of a request's body.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "diesel", derive(diesel::expression::AsExpression, diesel::deserialize::FromSqlRow))]
#[cfg_attr(feature = "diesel", diesel(sql_type = diesel::sql_types::Binary))]
pub struct RequestHash(pub Vec<u8>);

/// A key as a row holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Stands for user, route and key in one.
    pub id: KeyId,
    /// Of the request that came with the key.
    pub hash: RequestHash,
}

/// What a creating request answers: 201 with the object, marked where it was there already.
#[derive(Debug)]
pub struct Created<T> {
    /// The object, as it is now.
    pub object: T,
    /// Whether an earlier request with the same key has made it.
    pub replayed: bool,
}

impl<T> Created<T> {
    /// Something new.
    pub const fn new(object: T) -> Self {
        Self { object, replayed: false }
    }

    /// Something that an earlier request has made.
    pub const fn replayed(object: T) -> Self {
        Self { object, replayed: true }
    }

    /// The same with another view of the object.
    pub fn map<U>(self, view: impl FnOnce(T) -> U) -> Created<U> {
        Created { object: view(self.object), replayed: self.replayed }
    }
}
