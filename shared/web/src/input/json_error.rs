//! The position of the first error in a JSON text, as clients of this API know it: in characters from 0, where Python's
//! `json.JSONDecodeError.pos` is, which `FastAPI` puts into `loc`.
//!
//! `serde_json` reports where it stopped, and Python where the error begins, for instance at the quote of an unterminated string.
//! So a refused text is scanned again by the steps of `CPython`'s scanner (`Modules/_json.c` of 3.12 and before). `NaN`, `Infinity`
//! and `-Infinity`, which Python accepts, are not JSON (RFC 8259, 6): the error is at their beginning.

/// The position of the first error, in characters; `None` for valid JSON.
pub(super) fn position(text: &str) -> Option<usize> {
    let offset = Scanner { text: text.as_bytes(), at: 0 }.read_document().err()?;
    Some(text.char_indices().take_while(|(index, _)| *index < offset).count())
}

/// A scanner. Its functions fail with the byte offset of the first error.
struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

/// The container of a value.
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
            // Closes containers until another value follows.
            loop {
                self.skip_space();
                let Some(&container) = open.last() else {
                    return if self.at == self.text.len() { Ok(()) } else { Err(self.at) };
                };
                if self.eat(if container == Container::Array { b']' } else { b'}' }) {
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

    /// Reads a scalar or an empty container, or opens containers up to the first value in them.
    fn read_value(&mut self, open: &mut Vec<Container>) -> Result<(), usize> {
        loop {
            if self.eat(b'[') {
                self.skip_space();
                if self.eat(b']') {
                    return Ok(());
                }
                open.push(Container::Array);
            } else if self.eat(b'{') {
                self.skip_space();
                if self.eat(b'}') {
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
                // Python reads the digits only if something follows them.
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

    fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.next() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<(), usize> {
        if self.eat(byte) { Ok(()) } else { Err(self.at) }
    }

    fn skip_space(&mut self) {
        while matches!(self.next(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }
}

/// The length of the longest number at the beginning of a text.
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
mod tests;
