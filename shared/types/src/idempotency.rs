//! The idempotency key of a row: a repeated request creates nothing.

use crate::ids::KeyId;
use std::time::Duration;

/// How long an id stays taken, and an idempotency key answers, after the deletion of its object: 24 hours.
pub const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// SHA-256 of a request's body.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "diesel", derive(diesel::expression::AsExpression, diesel::deserialize::FromSqlRow))]
#[cfg_attr(feature = "diesel", diesel(sql_type = diesel::sql_types::Binary))]
pub struct RequestHash(pub Vec<u8>);

/// An idempotency key as a row holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The hash of user, route and key.
    pub id: KeyId,
    /// The hash of the body that came with the key.
    pub hash: RequestHash,
}

/// The result of a creating request: the object, new or replayed.
#[derive(Debug)]
pub struct Created<T> {
    /// The object in its present state.
    pub object: T,
    /// Whether an earlier request with the same key created it.
    pub replayed: bool,
}

impl<T> Created<T> {
    /// A new object.
    pub const fn new(object: T) -> Self {
        Self { object, replayed: false }
    }

    /// An object of an earlier request with the same key.
    pub const fn replayed(object: T) -> Self {
        Self { object, replayed: true }
    }

    /// Converts the object.
    pub fn map<U>(self, view: impl FnOnce(T) -> U) -> Created<U> {
        Created { object: view(self.object), replayed: self.replayed }
    }
}
