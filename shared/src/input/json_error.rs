//! Where a text is no JSON, counted as clients of this API know it: in characters from 0, and at the place that Python's
//! `json.JSONDecodeError.pos` names, which `FastAPI` puts into `loc`.
//!
//! `serde_json` tells the line and the byte in it at which it gave up. Python names the beginning of what is wrong: the quote
//! of a string without end, the backslash of an escape, the first letter of a word, the end of the number before a dot.

use serde_json::error::{Category, Error};

/// The position of an error in a text, in characters.
pub(super) fn position(text: &str, error: &Error) -> usize {
    let offset = offset(text.as_bytes(), error);
    text.char_indices().take_while(|(index, _)| *index < offset).count()
}

/// The same in bytes.
fn offset(text: &[u8], error: &Error) -> usize {
    let stop = if error.classify() == Category::Eof { text.len() } else { stop(text, error) };
    string_error(text, stop).unwrap_or_else(|| {
        let before = text.get(..stop).unwrap_or_default();
        word_error(before).or_else(|| number_error(before)).unwrap_or(stop)
    })
}

/// The byte at which the parser gave up. A column is the number of bytes that were read of a line.
fn stop(text: &[u8], error: &Error) -> usize {
    let lines = text.split_inclusive(|&byte| byte == b'\n');
    let line_start: usize = lines.take(error.line().saturating_sub(1)).map(<[u8]>::len).sum();
    (line_start + error.column()).saturating_sub(1)
}

/// The first place at which a string is wrong, up to where the parser gave up.
fn string_error(text: &[u8], stop: usize) -> Option<usize> {
    let mut quote = None;
    let mut bytes = text.iter().enumerate();
    while let Some((at, &byte)) = bytes.next() {
        match (quote, byte) {
            (None, _) if at > stop => return None,
            (None, b'"') => quote = Some(at),
            (Some(_), b'"') => quote = None,
            (Some(start), b'\\') => match bytes.next() {
                None => return Some(start),
                Some((letter, b'u')) => {
                    let digits = text.get(letter + 1..letter + 5).unwrap_or_default();
                    if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
                        return Some(letter);
                    }
                }
                Some((_, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')) => {}
                Some(_) => return Some(at),
            },
            (Some(_), ..0x20) => return Some(at),
            (None | Some(_), _) => {}
        }
    }
    quote
}

/// The beginning of a word that is none of JSON's, where the text stops in it.
fn word_error(before: &[u8]) -> Option<usize> {
    let word = before.iter().rev().take_while(|byte| byte.is_ascii_lowercase()).count();
    let start = before.len() - word;
    let is_whole = matches!(before.get(start..), Some(b"true" | b"false" | b"null"));
    (word > 0 && !is_whole).then_some(start)
}

/// The end of the longest number in what looks like one, where the text stops in it.
fn number_error(before: &[u8]) -> Option<usize> {
    let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let start = before.len() - before.iter().rev().take_while(is_part).count();
    let number = before.get(start..)?;
    let digits = |from: usize| number.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(number.first() == Some(&b'-'));
    let mut end = match (number.get(sign), digits(sign)) {
        (_, 0) => return (!number.is_empty()).then_some(start),
        (Some(b'0'), _) => sign + 1,
        (_, count) => sign + count,
    };
    if number.get(end) == Some(&b'.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if matches!(number.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(number.get(end + 1), Some(b'+' | b'-')));
        let count = digits(end + 1 + sign);
        end += if count > 0 { 1 + sign + count } else { 0 };
    }
    (end < number.len()).then_some(start + end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::IgnoredAny;
    use serde_json::value::RawValue;

    fn found(text: &str) -> usize {
        position(text, &serde_json::from_str::<&RawValue>(text).unwrap_err())
    }

    /// What `json.loads` of Python 3.12 says of the same texts.
    #[test]
    fn a_position_is_the_one_that_python_tells() {
        for (text, position) in [
            ("{", 1),
            ("{\"a\" 1}", 5),
            ("{\"a\": }", 6),
            ("{\"a\": 1", 7),
            ("{\"a\": 1 x}", 8),
            ("{\"a\": tru}", 6),
            ("{\"a\": nope}", 6),
            ("{\"a\": 1}x", 8),
            ("{\"a\": 1} \n{", 10),
            ("{a: 1}", 1),
            ("[1 2]", 3),
            ("[1", 2),
            ("[1,\n", 4),
            ("1.", 1),
            ("[-]", 1),
            ("[1.x]", 2),
            ("[1e+]", 2),
            ("[01]", 2),
            ("nul", 0),
            ("\"abc", 0),
            ("{\"a\": \"b", 6),
            ("{\"a\": \"b\\", 6),
            ("{\"a\": \"\\x\"}", 7),
            ("{\"a\": \"\\u12g4\"}", 8),
            ("{\"a\": \"\\u12", 8),
            ("{\"a\": \"b\tc\"}", 8),
            ("{\"a\": \"b\nc\"}", 8),
            ("{\"a\": 1,\n\n x}", 11),
        ] {
            assert_eq!(found(text), position, "{text:?}");
        }
    }

    #[test]
    fn line_ends_tabs_and_letters_of_many_bytes_count_as_one_character_each() {
        assert_eq!(found("{\r\n\"a\": 1,\r\n\"b\": x}"), 17);
        assert_eq!(found("{\n\"a\": 1,\n\"b\": x}"), 15);
        assert_eq!(found("{\r\"a\": 1,\r\"b\": x}"), 15);
        assert_eq!(found("{\t\"a\":\tx}"), 7);
        assert_eq!(found("{\"é🌳\": x}"), 7);
        assert_eq!(found("{\"a\": \"🌳é"), 6);
        assert_eq!(found("{\"🌳\":\r\n\r\n"), 9);
    }

    proptest::proptest! {
        #[test]
        fn a_position_moves_with_what_stands_before_it(before in "(\r\n|\n|\t| |\"[é🌳a]*\",)*", after in "[}x1\"]{1,3}") {
            let whole = format!("[{before}{after}");
            if let (Err(alone), Err(error)) = (
                serde_json::from_str::<IgnoredAny>(&format!("[{after}")),
                serde_json::from_str::<IgnoredAny>(&whole),
            ) {
                let moved = position(&format!("[{after}"), &alone) + before.chars().count();
                proptest::prop_assert_eq!(position(&whole, &error), moved);
            }
        }
    }
}
