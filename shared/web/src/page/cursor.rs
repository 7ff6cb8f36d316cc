//! The parameter `cursor`.

use crate::input::{Fields, Invalid};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::validation::{Reason, TextField};
use uuid::Uuid;

/// Where a page begins. Clients see a text that they only hand back; it gives no access to anything.
pub trait Cursor: Serialize + DeserializeOwned {
    /// Tells the lists apart, so that the cursor of one is refused by another.
    const KIND: &'static str;

    /// The text that clients see.
    fn encode(&self) -> String {
        let json = serde_json::to_vec(&(Self::KIND, self)).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(json)
    }

    /// Reads the text that a client has handed back.
    fn decode(text: &str) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (kind, cursor): (String, Self) = serde_json::from_slice(&json).ok()?;
        (kind == Self::KIND).then_some(cursor)
    }
}

/// Reads the parameter `cursor` of a list: `None` is the first page, and so is an empty one, which generated clients send for a
/// parameter that is not set; a bad one is a 422.
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

/// Why a cursor is refused: it is no text of ours, or of another list.
pub fn foreign_cursor() -> Reason {
    Reason::value_error("the cursor is not one of this list")
}

/// The place of an object in a list that is ordered by time: newest first is by (`created_at`, id).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeKey {
    /// When the object was made.
    pub created_at: Timestamp,
    /// Its id, among those of the same time.
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
    fn a_cursor_is_good_for_its_own_list_alone() {
        assert_eq!(Here::decode(&Here(7).encode()), Some(Here(7)));
        assert_eq!(There::decode(&Here(7).encode()), None);
        for wrong in ["", "x", "!!", "bm8"] {
            assert_eq!(Here::decode(wrong), None, "{wrong}");
        }
    }
}
