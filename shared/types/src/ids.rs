//! Typed ids. Each is a UUID, made as version 7 by the server, answered hyphenated and in lower case.
//!
//! A newtype per kind keeps a chat's id from being passed where a user's is meant. With the feature `store` each has
//! a SQL type: `UUID` on PostgreSQL, a blob of 16 bytes on SQLite.

use crate::clock::Clock;
use crate::validation::{Field, Reason, Value};
use uuid::Uuid;

/// Reads the two forms in which the API takes an id: hyphenated, or 32 hex digits, in any case.
///
/// The `uuid` crate alone would take `urn:uuid:` and braces, too.
pub fn parse_uuid(text: &str) -> Option<Uuid> {
    matches!(text.len(), 32 | 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

impl Field for Uuid {
    fn parse(value: Value<'_>) -> Result<Self, Reason> {
        let text = value.string().map_err(|_| Reason::new("uuid_type", "UUID input should be a string"))?;
        parse_uuid(&text).ok_or_else(|| {
            Reason::new(
                "uuid_parsing",
                "Input should be a valid UUID, hyphenated or as 32 hexadecimal digits",
            )
        })
    }
}

/// A new id for a request, of version 7.
///
/// It costs neither a lock nor a system call. Within a millisecond such ids are in no order, and they can be guessed.
pub fn request_id() -> String {
    let millis = u64::try_from(Clock::system().micros() / 1000).unwrap_or_default();
    let mut random = [0; 10];
    fastrand::fill(&mut random);
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
    id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).to_owned()
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
            utoipa::ToSchema,
        )]
        #[serde(transparent)]
        #[cfg_attr(feature = "diesel", derive(diesel::expression::AsExpression, diesel::deserialize::FromSqlRow))]
        #[cfg_attr(feature = "diesel", diesel(sql_type = crate::sql_types::Uid))]
        #[schema(value_type = Uuid)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new id, of version 7.
            #[expect(clippy::disallowed_methods, reason = "this is where ids are made")]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id without its kind.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl Field for $name {
            fn parse(value: Value<'_>) -> Result<Self, Reason> {
                Uuid::parse(value).map(Self)
            }
        }

        #[cfg(feature = "diesel")]
        crate::sql_types::uid_as_uuid!($name);
    )+};
}

typed_ids! {
    /// A user, and so the owner of chats: `user_id` and `account_id` in the API.
    UserId,
    /// A chat.
    ChatId,
    /// A branch of a chat. A chat's trunk is the branch with the chat's own id.
    BranchId,
    /// A message: a question with its response.
    ResponseId,
    /// A conversation record.
    ConversationId,
    /// A family of refresh tokens: all that come from one login.
    FamilyId,
    /// What an idempotency key stands for: user, route and key in one (see [`crate::idempotency`]).
    KeyId,
    /// A token (`jti`).
    TokenId,
    /// A row of an outbox.
    DeliveryId,
}

impl ChatId {
    /// The chat's first branch, which has the chat's own id.
    pub const fn trunk(self) -> BranchId {
        BranchId(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_two_forms_of_the_api_and_no_other() {
        let id = "018f3a5e-7b1c-7c3d-8e4f-0123456789ab";
        let expected = Uuid::try_parse(id).unwrap();
        assert_eq!(parse_uuid(id), Some(expected));
        assert_eq!(parse_uuid(&id.to_uppercase()), Some(expected));
        assert_eq!(parse_uuid(&id.replace('-', "")), Some(expected));
        for other in
            [&format!("urn:uuid:{id}"), &format!("{{{id}}}"), "", "7", " 018f3a5e7b1c7c3d8e4f0123456789ab"]
        {
            assert_eq!(parse_uuid(other), None, "{other}");
        }
    }
}
