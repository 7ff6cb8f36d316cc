//! Parts of names, by which chats are searched for.

use shared::case_folding::case_folded;
use shared::validation::{Reason, TextField, text};
use std::fmt;
use std::ops::RangeInclusive;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

const PART_CHARACTERS: RangeInclusive<usize> = 0..=200;

/// A part of a name: at most 200 characters, which stand for themselves. An empty one is a part of every name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePart {
    text: String,
    folded: String,
}

impl NamePart {
    /// Whether it is a part of this name, without regard to case and composition.
    ///
    /// The name is folded here, not when it is written: a stored form would be an old one after a change by a version that does not
    /// know of it, and after each new version of Unicode.
    pub fn is_in(&self, name: &str) -> bool {
        case_folded(name).contains(&self.folded)
    }
}

impl fmt::Display for NamePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TextField for NamePart {
    fn parse(text: String) -> Result<Self, Reason> {
        text::characters(&text, &PART_CHARACTERS)?;
        Ok(Self { folded: case_folded(&text), text })
    }
}

impl PartialSchema for NamePart {
    fn schema() -> RefOr<Schema> {
        text::characters_schema(&PART_CHARACTERS).into()
    }
}

impl ToSchema for NamePart {}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_part(part: &str, name: &str) -> bool {
        NamePart::parse(part.to_owned()).unwrap().is_in(name)
    }

    #[test]
    fn a_part_is_found_without_regard_to_case() {
        for (part, name) in [
            ("", ""),
            ("TREE", "Two trees"),
            ("strasse", "An der Straße"),
            ("AẞE", "strasse"),
            ("ß", "GASSE"),
            ("i\u{307}", "İzmir"),
            ("i", "İzmir"),
            ("ΟΣ", "σίσυφος"),
            ("zoe\u{308}", "ZOË"),
            ("ë", "Zoe\u{308}"),
            ("50%_\\", "is 50%_\\ off"),
        ] {
            assert!(is_part(part, name), "{part} in {name}");
        }
    }

    #[test]
    fn other_texts_are_no_part() {
        for (part, name) in [
            ("zoe", "Zoë"),
            ("izmir", "İzmir"),
            ("ı", "I"),
            ("t%s", "trees"),
            ("t_ees", "trees"),
            (" ", "trees"),
        ] {
            assert!(!is_part(part, name), "{part} in {name}");
        }
        assert!(NamePart::parse("x".repeat(201)).is_err());
    }
}
