//! The parameter `cursor`.

use crate::input::{Fields, Invalid};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::validation::{Reason, TextField};
use uuid::Uuid;

/// The position at which a page begins. For clients it is an opaque text, which grants no access.
pub trait Cursor: Serialize + DeserializeOwned {
    /// The list's name, so that the cursor of one list is refused by another.
    const KIND: &'static str;

    /// The text that clients see.
    fn encode(&self) -> String {
        let json = serde_json::to_vec(&(Self::KIND, self)).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(json)
    }

    /// Decodes the text.
    fn decode(text: &str) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (kind, cursor): (String, Self) = serde_json::from_slice(&json).ok()?;
        (kind == Self::KIND).then_some(cursor)
    }
}

/// Reads the parameter `cursor`: `None` is the first page, and so is an empty text, which generated clients send for a parameter that
/// is not set; an invalid one is a 422.
pub fn cursor<C: Cursor>(fields: &mut Fields<'_>) -> Result<Option<C>, Invalid> {
    Ok(fields.optional::<CursorField<C>>("cursor")?.and_then(|CursorField(cursor)| cursor))
}

struct CursorField<C>(Option<C>);

impl<C: Cursor> TextField for CursorField<C> {
    fn parse(text: String) -> Result<Self, Reason> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        C::decode(&text).map(|cursor| Self(Some(cursor))).ok_or_else(foreign_cursor)
    }
}

/// The error of a cursor that is invalid or of another list.
pub fn foreign_cursor() -> Reason {
    Reason::value_error("the cursor is not one of this list")
}

/// The sort key of a list that is ordered by time: (`created_at`, id).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeKey {
    /// The time of creation.
    pub created_at: Timestamp,
    /// The id, which breaks ties.
    pub id: Uuid,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Here(u8);
    impl Cursor for Here {
        const KIND: &'static str = "here";
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct There(u8);
    impl Cursor for There {
        const KIND: &'static str = "there";
    }

    #[test]
    fn a_cursor_is_accepted_by_its_own_list_alone() {
        assert_eq!(Here::decode(&Here(7).encode()), Some(Here(7)));
        assert_eq!(There::decode(&Here(7).encode()), None);
        for wrong in ["", "x", "!!", "bm8"] {
            assert_eq!(Here::decode(wrong), None, "{wrong}");
        }
    }
}
