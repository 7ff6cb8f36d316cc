//! When two usernames are the same (RFC 8265).

use crate::case_folding::case_folded;
use icu_normalizer::ComposingNormalizerBorrowed;
use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::profile::Rules as _;
use std::borrow::Cow;

/// The key of a username: two names with the same key are the same name.
///
/// It follows the profile `UsernameCaseMapped` (RFC 8265, 3.3), but with full case folding instead of lower case, so that `ẞ` and
/// `ß` are `ss`: width mapping, NFC, case folding, NFC.
pub fn name_key(name: &str) -> String {
    // Width mapping never fails.
    let mapped = UsernameCaseMapped::new().width_mapping_rule(name).unwrap_or(Cow::Borrowed(name));
    case_folded(&mapped)
}

/// The form in which a username is validated, stored and shown: composed (NFC, RFC 8265, 3.3.2), so that a name has one spelling.
pub fn composed_name(name: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use icu_normalizer::DecomposingNormalizerBorrowed;
    use proptest::prelude::*;

    #[test]
    fn names_that_differ_in_case_width_or_composition_have_one_key() {
        for (names, key) in [
            (&["Ann", "aNN", "Ａｎｎ"][..], "ann"),
            (&["straße", "STRASSE", "STRAẞE", "ﬆrasse"], "strasse"),
            (&["ΣΊΣΥΦΟΣ", "σίσυφος", "σίσυφοσ"], "σίσυφοσ"),
            (&["각하", "\u{1100}\u{1161}\u{11a8}\u{1112}\u{1161}"], "각하"),
            (&["Zoë", "ZOE\u{308}"], "zoë"),
            (&["ガラス", "ｶﾞﾗｽ", "カ\u{3099}ラス"], "ガラス"),
            (&["ㄱㄴㄷ", "\u{ffa1}\u{ffa4}\u{ffa7}"], "ㄱㄴㄷ"),
            (&["İzmir", "i\u{307}zmir", "I\u{307}ZMIR"], "i\u{307}zmir"),
        ] {
            for name in names {
                assert_eq!(name_key(name), key, "{name}");
            }
        }
    }

    #[test]
    fn different_names_have_different_keys() {
        for (one, other) in [("ann", "anne"), ("ırmak", "irmak"), ("zoe", "zoë"), ("ann", "аnn")] {
            assert_ne!(name_key(one), name_key(other));
        }
    }

    #[test]
    fn the_key_of_each_letter_is_its_own_key() {
        for letter in ('\0'..=char::MAX).filter(|c| c.is_alphabetic()) {
            let key = name_key(&letter.to_string());
            assert_eq!(name_key(&key), key, "{letter:?}");
        }
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(name in any::<String>()) {
            let key = name_key(&name);
            prop_assert_eq!(name_key(&key), key);
        }

        #[test]
        fn neither_normalisation_nor_case_changes_the_key(name in any::<String>()) {
            let key = name_key(&name);
            let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(&name).into_owned();
            prop_assert_eq!(name_key(&decomposed), key.clone());
            // The upper case of this letter is that of another one.
            if !name.contains('ı') {
                prop_assert_eq!(name_key(&name.to_uppercase()), key);
            }
        }
    }
}
