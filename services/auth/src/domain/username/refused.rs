//! Names that are refused because they look like others, although their characters are allowed.

use icu_properties::props::{BidiClass, DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};
use shared::validation::Reason;

/// Refuses invisible characters, a combining mark at the start, and names that are shown in another order than they are
/// written.
pub(super) fn refuse_deceptive(name: &str) -> Result<(), Reason> {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    if name.chars().any(|c| ignorable.contains(c)) {
        return Err(Reason::value_error("the name must not contain invisible characters"));
    }
    if name.chars().next().is_some_and(is_mark) {
        return Err(Reason::value_error("the name must not begin with a combining mark"));
    }
    if breaks_bidi_rule(name) {
        return Err(Reason::value_error("the name must be readable in one direction (RFC 5893)"));
    }
    Ok(())
}

fn is_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(CodePointMapData::<GeneralCategory>::new().get(c))
}

/// The Bidi Rule of RFC 5893, 2. RFC 8265 applies it to names with characters that are written from right to left. Such a name
/// is no left-to-right label, so conditions 5 and 6 do not apply.
fn breaks_bidi_rule(name: &str) -> bool {
    use BidiClass as B;
    let bidi = CodePointMapData::<BidiClass>::new();
    let classes: Vec<BidiClass> = name.chars().map(|c| bidi.get(c)).collect();
    let has = |class| classes.contains(&class);
    if !has(B::RightToLeft) && !has(B::ArabicLetter) && !has(B::ArabicNumber) {
        return false;
    }
    let begins_well = matches!(classes.first(), Some(&(B::RightToLeft | B::ArabicLetter)));
    let end = classes.iter().rfind(|&&class| class != B::NonspacingMark);
    let ends_well =
        matches!(end, Some(&(B::RightToLeft | B::ArabicLetter | B::EuropeanNumber | B::ArabicNumber)));
    let mixes_numbers = has(B::EuropeanNumber) && has(B::ArabicNumber);
    !(begins_well && ends_well && !mixes_numbers && classes.iter().all(|&class| is_right_to_left(class)))
}

/// Condition 2: the characters of a right-to-left label.
fn is_right_to_left(class: BidiClass) -> bool {
    use BidiClass as B;
    [
        B::RightToLeft,
        B::ArabicLetter,
        B::ArabicNumber,
        B::EuropeanNumber,
        B::EuropeanSeparator,
        B::CommonSeparator,
        B::EuropeanTerminator,
        B::OtherNeutral,
        B::BoundaryNeutral,
        B::NonspacingMark,
    ]
    .contains(&class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_read_as_they_are_written_are_accepted() {
        for name in
            ["ann", "_ann.", "7ann", "शांति", "דניאל", "שָׁלוֹם", "محمد", "مُحَمَّد", "محمد-7", "דני@דואר", "דני.7"]
        {
            assert_eq!(refuse_deceptive(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn invisible_characters_and_mixed_directions_are_refused() {
        for name in [
            "ann\u{3164}",
            "\u{115f}\u{1160}ann",
            "ann\u{ffa0}",
            "an\u{200d}n",
            "\u{301}ann",
            "\u{345}ann",
            "\u{94d}ann",
            "annדני",
            "דניann",
            "7דני",
            "_דני",
            "דני_",
            "דני٧7",
            "ann\u{661}",
        ] {
            assert!(refuse_deceptive(name).is_err(), "{name:?}");
        }
    }
}
