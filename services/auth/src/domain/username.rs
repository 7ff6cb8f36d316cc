//! User names.

mod refused;

use refused::refuse_deceptive;
use shared::username::{composed_name, name_key};
use shared::validation::{Reason, TextField, text};
use std::fmt;
use std::ops::RangeInclusive;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

const NAME_CHARACTERS: RangeInclusive<usize> = 3..=64;
const ALLOWED_MARKS: &str = "._-+@";

/// A name as its user writes it, in composed form (NFC); matched by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// The composed name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key that names are matched by.
    pub fn key(&self) -> String {
        name_key(&self.0)
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TextField for Username {
    fn parse(text: String) -> Result<Self, Reason> {
        // Combining marks that compose are parts of letters.
        let text = composed_name(&text).into_owned();
        text::characters(&text, &NAME_CHARACTERS)?;
        if !text.chars().all(|c| c.is_alphabetic() || c.is_ascii_digit() || ALLOWED_MARKS.contains(c)) {
            let msg = "String should have only letters, digits and the characters . _ - + @";
            return Err(Reason::new("string_pattern_mismatch", msg));
        }
        refuse_deceptive(&text)?;
        refuse_deceptive(&name_key(&text))?;
        Ok(Self(text))
    }
}

impl PartialSchema for Username {
    fn schema() -> RefOr<Schema> {
        text::characters_schema(&NAME_CHARACTERS).into()
    }
}

impl ToSchema for Username {}

/// The folded name: names were matched by it before they had keys, and older rows still hold it.
pub fn folded_name(name: &str) -> String {
    // By way of the upper case, so that letters with two lower cases, such as the Greek sigma, fold to one.
    name.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use icu_normalizer::DecomposingNormalizerBorrowed;
    use proptest::prelude::*;

    #[test]
    fn letters_digits_and_five_marks_are_accepted() {
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
            "q\u{301}tude",
            "\u{301}tude",
            // Two characters.
            "e\u{301}e\u{301}",
            &"x".repeat(65),
        ] {
            assert!(Username::parse(name.to_owned()).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_name_is_composed_before_it_is_validated() {
        for (name, composed) in [
            ("cafe\u{301}", "café"),
            ("E\u{302}\u{301}tude", "Ếtude"),
            ("e\u{323}\u{302}te", "ệte"),
            ("e\u{302}\u{323}te", "ệte"),
            ("\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}\u{110b}\u{1165}", "한국어"),
            ("\u{212b}sa", "Åsa"),
            (&"e\u{301}".repeat(64), &"é".repeat(64)),
        ] {
            assert_eq!(Username::parse(name.to_owned()).unwrap().as_str(), composed);
        }

        assert!(Username::parse("e\u{301}".repeat(65)).is_err());
    }

    #[test]
    fn a_folded_name_has_no_case() {
        for (one, other) in [("Ann", "aNN"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("straße", "STRASSE")] {
            assert_eq!(folded_name(one), folded_name(other));
        }
        assert_ne!(folded_name("straße"), folded_name("STRAẞE"));
    }

    proptest! {
        #[test]
        fn a_name_of_ascii_has_the_key_by_which_it_was_matched_before(name in "[A-Za-z0-9._+@-]{3,64}") {
            prop_assert_eq!(Username::parse(name.clone()).unwrap().key(), folded_name(&name));
        }

        #[test]
        fn a_name_is_accepted_in_every_unicode_form_or_in_none(name in "\\PC{3,20}|[a-zé각ü\u{300}-\u{308}]{3,20}") {
            let parse = |name: &str| Username::parse(name.to_owned()).ok();
            let composed = composed_name(&name);
            let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(&name);
            prop_assert_eq!(parse(&name), parse(&composed));
            prop_assert_eq!(parse(&name), parse(&decomposed));
            if let Some(taken) = parse(&name) {
                prop_assert_eq!(taken.as_str(), composed);
            }
        }

        #[test]
        fn an_accepted_name_is_accepted_in_the_form_of_its_key_too(name in "\\PC{3,64}") {
            if let Ok(name) = Username::parse(name) {
                prop_assert!(refuse_deceptive(&name.key()).is_ok());
            }
        }
    }
}
