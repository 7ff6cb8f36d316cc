//! Comparisons with `CPython`.

use super::*;
use proptest::prelude::*;
use serde_json::value::RawValue;

/// The positions of `json.loads` of Python 3.11.
#[test]
fn the_position_of_an_error_is_pythons() {
    for (text, expected) in [
        ("", 0),
        ("{", 1),
        ("[", 1),
        ("[1", 2),
        ("[1,", 3),
        ("[1,\n", 4),
        ("[1 2]", 3),
        ("[1,]", 3),
        ("[,1]", 1),
        ("[1}", 2),
        ("{]", 1),
        ("{\"a\" 1}", 5),
        ("{\"a\": }", 6),
        ("{\"a\": 1", 7),
        ("{\"a\": 1 x}", 8),
        ("{\"a\": 1,}", 8),
        ("{\"a\": 1, 2}", 9),
        ("{\"a\": 1,\n\n x}", 11),
        ("{a: 1}", 1),
        ("{'a': 1}", 1),
        ("{\"a\": {\"b\": [}}", 13),
        ("{\"a\": 1}x", 8),
        ("{\"a\": 1} \n{", 10),
        ("\"a\" \"b\"", 4),
        ("[] []", 3),
        ("nul", 0),
        ("nul\"l", 0),
        ("[nul]", 1),
        ("[nulll]", 5),
        ("tru", 0),
        ("True", 0),
        ("{\"a\": nope}", 6),
        ("[n\"", 1),
        ("n", 0),
        ("[falſe]", 1),
        ("undefined", 0),
        ("-", 0),
        ("[-]", 1),
        ("-\"a\"", 0),
        ("-a", 0),
        ("+1", 0),
        (".5", 0),
        ("1.", 1),
        ("[1.]", 2),
        ("[1.x]", 2),
        ("1.e5", 1),
        ("1e", 1),
        ("1e+", 1),
        ("1e+\"2", 1),
        ("[1e+]", 2),
        ("[1e-x]", 2),
        ("[01]", 2),
        ("-01", 2),
        ("[1.5.2]", 4),
        ("0x10", 1),
        ("1_000", 1),
        ("--1", 0),
        ("1-1", 1),
        ("[1e5e5]", 4),
        ("\"abc", 0),
        ("{\"a\": \"b", 6),
        ("\"a\\", 0),
        ("{\"a\": \"b\\", 6),
        ("\"\\x\"", 1),
        ("{\"a\": \"\\x\"}", 7),
        ("\"\\u12", 2),
        ("\"\\u12\"", 2),
        ("\"\\u12g4\"", 2),
        ("\"\\u+123\"", 2),
        ("\"\\u 123\"", 2),
        ("\"\\u1234", 2),
        ("\"\\ud800", 2),
        ("\"\\ud800\\", 0),
        ("\"\\ud800\\u", 8),
        ("\"\\ud800\\udc0", 8),
        ("\"\\ud800\\udc00", 8),
        ("\"\\ud800\\u00g0\"", 8),
        ("\"\\ud800x", 0),
        ("[\"\\ud800", 3),
        ("{\"a\":\"\\ud800", 7),
        ("\"\\uéééé\"", 2),
        ("\"a\tb\"", 2),
        ("\"a\nb\"", 2),
        ("\"a\r\nb\"", 2),
        ("{\"a\": \"b\u{0}c\"}", 8),
        ("\"\u{1f}\"", 1),
        ("{\r\n\"a\": 1,\r\n\"b\": x}", 17),
        ("{\"é🌳\": x}", 7),
        ("{\"a\": \"🌳é", 6),
        ("{\"🌳\":\r\n\r\n", 9),
        ("[ \"é\", \u{a0}]", 7),
        ("\u{feff}{}", 0),
        ("[1\u{c}]", 2),
    ] {
        assert_eq!(position(text), Some(expected), "{text:?}");
    }
}

#[test]
fn nan_and_infinity_are_errors_where_they_begin() {
    for (text, expected) in [("NaN", 0), ("[1, NaN]", 4), ("{\"a\": Infinity}", 6), ("[-Infinity]", 1)] {
        assert_eq!(position(text), Some(expected), "{text:?}");
    }
}

#[test]
fn a_million_nested_arrays_are_scanned_without_recursion() {
    let deep = "[".repeat(1 << 20);
    assert_eq!(position(&deep), Some(deep.len()));
}

proptest! {
    #[test]
    fn the_scanner_and_the_parser_refuse_the_same_texts(
        text in r#"([\[\]{}:,01.eE+\- "\\a-fu]|\\u|\\ud800|\\udc00|null|true|"a":|\n|é){0,12}"#,
    ) {
        let parsed = serde_json::from_str::<&RawValue>(&text);
        prop_assert_eq!(position(&text).is_some(), parsed.is_err(), "{:?}", parsed);
    }

    #[test]
    fn a_position_is_counted_in_characters_from_the_beginning(
        before in "(\r\n|\n|\t| |\"[é🌳a]*\",)*",
        after in "[}x1\"]{1,3}",
    ) {
        if let (Some(alone), Some(whole)) =
            (position(&format!("[{after}")), position(&format!("[{before}{after}")))
        {
            prop_assert_eq!(whole, alone + before.chars().count());
        }
    }
}
