//! HTTP/1.1 as its client (RFC 9112), on connections that are driven by who waits for an answer: no task of their own, no
//! channel, and no headers in between. A request goes out as the bytes that it is, its head and a small body at once.
//!
//! What can be read in two ways is refused: an answer that announces its length twice, or both ways.

mod body;
mod chunks;
mod connection;
mod head;
mod stream;

pub(crate) use connection::Connection;
pub(crate) use head::{Field, is_head_too_long};
pub(crate) use stream::Stream;

use std::io;

/// Writes a header, whose name and value hold no line's end.
pub(crate) fn write_line(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        out.extend_from_slice(part);
    }
}

/// What was heard is no HTTP, or not as it was asked for.
fn broken(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
