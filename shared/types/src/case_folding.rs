//! Texts without regard to case.

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;

/// The text by full case folding, composed: two texts that differ only in case or in composition have the same one (Unicode, 3.13: canonical
/// caseless matching). `ẞ` and `ß` are `ss`, `İ` is `i` with a dot above.
pub fn case_folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let nfc = ComposingNormalizerBorrowed::new_nfc();
    let composed = nfc.normalize(text);
    let folded = CaseMapper::new().fold_string(&composed);
    nfc.normalize(&folded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use icu_normalizer::DecomposingNormalizerBorrowed;
    use proptest::prelude::*;

    #[test]
    fn texts_that_differ_in_case_or_composition_are_folded_to_one() {
        for (texts, folded) in [
            (&["Straße", "STRASSE", "STRAẞE", "ﬆrasse"][..], "strasse"),
            (&["ΣΊΣΥΦΟΣ", "σίσυφος"], "σίσυφοσ"),
            (&["Zoë", "ZOE\u{308}"], "zoë"),
            (&["İzmir", "i\u{307}ZMIR"], "i\u{307}zmir"),
            (&["Q\u{301}", "q\u{301}"], "q\u{301}"),
        ] {
            for text in texts {
                assert_eq!(case_folded(text), folded, "{text}");
            }
        }
    }

    #[test]
    fn width_and_marks_count() {
        for (one, other) in [("ann", "Ａｎｎ"), ("zoe", "zoë"), ("ırmak", "irmak")] {
            assert_ne!(case_folded(one), case_folded(other));
        }
    }

    proptest! {
        #[test]
        fn neither_normalisation_nor_a_second_folding_changes_a_folded_text(text in any::<String>()) {
            let folded = case_folded(&text);
            let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(&text).into_owned();
            prop_assert_eq!(case_folded(&decomposed), folded.clone());
            prop_assert_eq!(case_folded(&folded), folded);
        }
    }
}
