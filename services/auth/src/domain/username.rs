//! User names.

use shared::input::{Reason, TextField, text};
use std::fmt;
use std::ops::RangeInclusive;

const CHARACTERS: RangeInclusive<usize> = 3..=64;
const MARKS: &str = "._-+@";

/// A name as its user writes it; matched without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form by which names are matched.
    pub fn folded(&self) -> String {
        text::fold_case(&self.0)
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TextField for Username {
    fn parse(text: String) -> Result<Self, Reason> {
        text::characters(&text, &CHARACTERS)?;
        if text.chars().all(|c| c.is_alphabetic() || c.is_ascii_digit() || MARKS.contains(c)) {
            return Ok(Self(text));
        }
        let msg = "String should have only letters, digits and the characters . _ - + @";
        Err(Reason::new("string_pattern_mismatch", msg))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_digits_and_five_marks_are_taken() {
        for name in ["abc", "Ann.O_Nym-7+x@example.org", "Jürgen", "樹木林", &"x".repeat(64)] {
            assert_eq!(Username::parse(name.to_owned()).unwrap().as_str(), name);
        }
        for name in [
            "",
            "ab",
            "a b",
            " abc",
            "abc ",
            "a/bc",
            "a\nbc",
            "🌳🌳🌳",
            "abc½",
            "e\u{301}tude",
            &"x".repeat(65),
        ] {
            assert!(Username::parse(name.to_owned()).is_err(), "{name:?}");
        }
    }
}
