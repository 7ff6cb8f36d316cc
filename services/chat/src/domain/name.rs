//! Names of chats and conversation records.

use shared::validation::{Reason, TextField, text};
use std::ops::RangeInclusive;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

const NAME_CHARACTERS: RangeInclusive<usize> = 1..=200;

/// A name of 1 to 200 characters, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// The name's text.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl TextField for Name {
    fn parse(text: String) -> Result<Self, Reason> {
        text::characters(&text, &NAME_CHARACTERS)?;
        Ok(Self(text))
    }
}

impl PartialSchema for Name {
    fn schema() -> RefOr<Schema> {
        text::characters_schema(&NAME_CHARACTERS).into()
    }
}

impl ToSchema for Name {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_1_to_200_characters_and_is_not_trimmed() {
        for name in [" ", "x", " x\n", &"é".repeat(200), &"🌳".repeat(200)] {
            assert_eq!(Name::parse(name.to_owned()).unwrap().into_string(), name);
        }
        for name in ["", &"x".repeat(201), &"🌳".repeat(201)] {
            assert!(Name::parse(name.to_owned()).is_err(), "{name}");
        }
    }
}
