//! Names of branches.

use shared::validation::{Reason, TextField, text};

/// The most characters of a name.
const MAX_NAME_CHARACTERS: usize = 200;

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
        text::characters(&text, &(1..=MAX_NAME_CHARACTERS))?;
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_1_to_200_characters_and_is_not_trimmed() {
        for name in [" ", "x", &"é".repeat(MAX_NAME_CHARACTERS), &"😀".repeat(MAX_NAME_CHARACTERS)] {
            assert_eq!(BranchName::parse(name.to_owned()).unwrap().as_str(), name);
        }
        assert!(BranchName::parse(String::new()).is_err());
        assert!(BranchName::parse("x".repeat(MAX_NAME_CHARACTERS + 1)).is_err());
    }
}
