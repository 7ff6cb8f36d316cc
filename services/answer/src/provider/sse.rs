//! Server-sent events, as the HTML standard has them (section 9.2.6), fed with bytes that are split anywhere.

use std::collections::VecDeque;

/// The longest event: a longer one is no part of an answer.
const MAX_EVENT_BYTES: usize = 8 * 1024 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// An event with its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseEvent {
    /// Its type; empty for a plain message.
    pub event: String,
    /// The lines of its data, joined with a line feed.
    pub data: String,
}

/// An event is longer than the parser keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event is too long")]
pub struct EventTooLong;

/// A parser of one stream.
#[derive(Default)]
pub struct SseParser {
    /// The bytes of a line that has not ended yet.
    line: Vec<u8>,
    event: String,
    /// With a line feed after each line.
    data: String,
    has_data: bool,
    /// The last byte was a carriage return: a line feed after it ends no line.
    is_after_cr: bool,
    has_begun: bool,
    complete: VecDeque<SseEvent>,
}

impl SseParser {
    /// Takes bytes. The events that they complete are taken with [`Self::next_event`].
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), EventTooLong> {
        if bytes.is_empty() {
            return Ok(());
        }
        let mut rest = bytes;
        if std::mem::take(&mut self.is_after_cr) {
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
            let (line, after) = rest.split_at(end);
            self.line.extend_from_slice(line);
            self.end_line();
            self.is_after_cr = after == b"\r";
            let end = if after.starts_with(b"\r\n") { 2 } else { 1 };
            rest = after.get(end..).unwrap_or_default();
        }
        self.line.extend_from_slice(rest);
        if self.line.len() + self.data.len() > MAX_EVENT_BYTES { Err(EventTooLong) } else { Ok(()) }
    }

    /// The next complete event.
    pub fn next_event(&mut self) -> Option<SseEvent> {
        self.complete.pop_front()
    }

    /// The stream has ended. The standard drops an event without an empty line after it; servers end so, and it counts.
    pub fn finish(&mut self) {
        if !self.line.is_empty() {
            self.end_line();
        }
        self.dispatch();
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let mut content = line.as_slice();
        if !std::mem::replace(&mut self.has_begun, true) {
            content = content.strip_prefix(BYTE_ORDER_MARK).unwrap_or(content);
        }
        if content.is_empty() {
            self.dispatch();
        } else {
            self.field(content);
        }
        // The buffer is used again.
        self.line = line;
        self.line.clear();
    }

    fn field(&mut self, line: &[u8]) {
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = match colon {
            Some(colon) => line.split_at(colon),
            None => (line, b"".as_slice()),
        };
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => {
                self.data.push_str(&String::from_utf8_lossy(value));
                self.data.push('\n');
                self.has_data = true;
            }
            b"event" => self.event = String::from_utf8_lossy(value).into_owned(),
            // A comment, an id, a time to reconnect: nothing of an answer.
            _ => {}
        }
    }

    fn dispatch(&mut self) {
        let (event, mut data) = (std::mem::take(&mut self.event), std::mem::take(&mut self.data));
        if std::mem::take(&mut self.has_data) {
            data.pop();
            self.complete.push_back(SseEvent { event, data });
        }
    }
}
