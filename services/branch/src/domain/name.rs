//! Names of branches.

use shared::validation::{Reason, TextField, text};
use std::ops::RangeInclusive;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

const NAME_CHARACTERS: RangeInclusive<usize> = 1..=200;

/// A branch's name: 1 to 200 characters, as they were sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchName(String);

impl BranchName {
    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TextField for BranchName {
    fn parse(text: String) -> Result<Self, Reason> {
        text::characters(&text, &NAME_CHARACTERS)?;
        Ok(Self(text))
    }
}

impl PartialSchema for BranchName {
    fn schema() -> RefOr<Schema> {
        text::characters_schema(&NAME_CHARACTERS).into()
    }
}

impl ToSchema for BranchName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_1_to_200_characters_and_is_not_trimmed() {
        for name in [" ", "x", &"é".repeat(200), &"😀".repeat(200)] {
            assert_eq!(BranchName::parse(name.to_owned()).unwrap().as_str(), name);
        }
        assert!(BranchName::parse(String::new()).is_err());
        assert!(BranchName::parse("x".repeat(201)).is_err());
    }
}
