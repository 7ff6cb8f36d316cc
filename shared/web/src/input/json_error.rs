//! Where a text is no JSON, counted as clients of this API know it: in characters from 0, and at the place that Python's
//! `json.JSONDecodeError.pos` names, which `FastAPI` puts into `loc`.
//!
//! `serde_json` tells where it gave up, and Python where what is wrong begins, such as at the quote of a string without an end.
//! So a text that is refused is read once more, by the steps of `CPython`'s scanner (`Modules/_json.c` of 3.12 and before).
//! `NaN`, `Infinity` and `-Infinity`, which that takes, are no JSON (RFC 8259, 6): they are wrong where they begin.

/// The position of the first error in a text, in characters; none in what is JSON.
pub(super) fn position(text: &str) -> Option<usize> {
    let offset = Scanner { text: text.as_bytes(), at: 0 }.read_document().err()?;
    Some(text.char_indices().take_while(|(index, _)| *index < offset).count())
}

/// Reads a text up to its first error, whose byte is what its functions fail with.
struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

/// What a value is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    Array,
    Object,
}

impl Scanner<'_> {
    fn read_document(&mut self) -> Result<(), usize> {
        let mut open = Vec::new();
        self.skip_space();
        loop {
            self.read_value(&mut open)?;
            // As long as nothing but ends follow, there is no other value.
            loop {
                self.skip_space();
                let Some(&container) = open.last() else {
                    return if self.at == self.text.len() { Ok(()) } else { Err(self.at) };
                };
                if self.takes(if container == Container::Array { b']' } else { b'}' }) {
                    open.pop();
                    continue;
                }
                self.expect(b',')?;
                self.skip_space();
                if container == Container::Object {
                    self.read_name()?;
                }
                break;
            }
        }
    }

    /// Reads a scalar or an empty container, or begins those that the first value within is in.
    fn read_value(&mut self, open: &mut Vec<Container>) -> Result<(), usize> {
        loop {
            if self.takes(b'[') {
                self.skip_space();
                if self.takes(b']') {
                    return Ok(());
                }
                open.push(Container::Array);
            } else if self.takes(b'{') {
                self.skip_space();
                if self.takes(b'}') {
                    return Ok(());
                }
                self.read_name()?;
                open.push(Container::Object);
            } else {
                return self.read_scalar();
            }
        }
    }

    /// Reads the name of a member and the colon.
    fn read_name(&mut self) -> Result<(), usize> {
        if self.next() != Some(b'"') {
            return Err(self.at);
        }
        self.read_string()?;
        self.skip_space();
        self.expect(b':')?;
        self.skip_space();
        Ok(())
    }

    fn read_scalar(&mut self) -> Result<(), usize> {
        if self.next() == Some(b'"') {
            return self.read_string();
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        let words: [&[u8]; 3] = [b"null", b"true", b"false"];
        let word = words.into_iter().find(|word| rest.starts_with(word));
        let length = word.map_or_else(|| number_length(rest), |word| Some(word.len()));
        self.at += length.ok_or(self.at)?;
        Ok(())
    }

    fn read_string(&mut self) -> Result<(), usize> {
        let start = self.at;
        loop {
            self.at += 1;
            match self.next() {
                Some(b'"') => break,
                Some(b'\\') => self.read_escape(start)?,
                Some(..0x20) => return Err(self.at),
                Some(_) => {}
                None => return Err(start),
            }
        }
        self.at += 1;
        Ok(())
    }

    /// Reads all but the last character of an escape in the string that begins at `start`.
    fn read_escape(&mut self, start: usize) -> Result<(), usize> {
        let backslash = self.at;
        self.at += 1;
        match self.next() {
            None => Err(start),
            Some(b'u') => {
                let digits = self.text.get(self.at + 1..self.at + 5).unwrap_or_default();
                let are_digits = digits.len() == 4 && digits.iter().all(u8::is_ascii_hexdigit);
                // Python looks for the digits only where something follows them.
                if !are_digits || self.at + 5 == self.text.len() {
                    return Err(self.at);
                }
                self.at += 4;
                Ok(())
            }
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(()),
            Some(_) => Err(backslash),
        }
    }

    fn next(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.next() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<(), usize> {
        if self.takes(byte) { Ok(()) } else { Err(self.at) }
    }

    fn skip_space(&mut self) {
        while matches!(self.next(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }
}

/// The length of the longest number that a text begins with.
fn number_length(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| text.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(text.first() == Some(&b'-'));
    let mut end = match (text.get(sign), digits(sign)) {
        (_, 0) => return None,
        (Some(b'0'), _) => sign + 1,
        (_, count) => sign + count,
    };
    if text.get(end) == Some(&b'.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let count = digits(end + 1 + sign);
        end += if count > 0 { 1 + sign + count } else { 0 };
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    /// What `json.loads` of Python 3.11 says of the same texts.
    #[test]
    fn a_position_is_the_one_that_python_tells() {
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
    fn a_number_that_only_python_takes_is_wrong_where_it_begins() {
        for (text, expected) in [("NaN", 0), ("[1, NaN]", 4), ("{\"a\": Infinity}", 6), ("[-Infinity]", 1)] {
            assert_eq!(position(text), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn a_million_open_arrays_are_read_without_recursion() {
        let deep = "[".repeat(1 << 20);
        assert_eq!(position(&deep), Some(deep.len()));
    }

    proptest! {
        #[test]
        fn there_is_an_error_where_the_parser_finds_one(
            text in r#"([\[\]{}:,01.eE+\- "\\a-fu]|\\u|\\ud800|\\udc00|null|true|"a":|\n|é){0,12}"#,
        ) {
            let parsed = serde_json::from_str::<&RawValue>(&text);
            prop_assert_eq!(position(&text).is_some(), parsed.is_err(), "{:?}", parsed);
        }

        #[test]
        fn a_position_moves_with_what_stands_before_it(
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
}
