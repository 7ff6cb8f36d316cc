//! Bodies in chunks (RFC 9112, 7.1).

use super::error::broken;
use actix_web::web::{Buf as _, Bytes, BytesMut};
use std::io;

/// The most bytes of a line: the size of a chunk with its extensions, or a trailer.
const MAX_LINE: usize = 0x1000;
/// The most bytes of all trailers.
const MAX_TRAILERS: usize = 0x4000;

/// How far a body in chunks was read.
#[derive(Debug)]
pub(super) enum Chunks {
    /// The size of a chunk comes next.
    Size,
    /// So many bytes of a chunk are still to come.
    Data(u64),
    /// The end of a chunk's line comes next.
    DataEnd,
    /// The last chunk has come, and so many bytes of trailers.
    Trailers(usize),
    /// All has come.
    Done,
}

impl Chunks {
    /// The next piece of the body, as far as it has come. Trailers are passed by.
    pub(super) fn next_piece(&mut self, input: &mut BytesMut) -> io::Result<Option<Bytes>> {
        loop {
            *self = match *self {
                Self::Size => match line(input)? {
                    Some(line) => Self::of_size(size(&line)?),
                    None => return Ok(None),
                },
                Self::Data(_) if input.is_empty() => return Ok(None),
                Self::Data(left) => {
                    let here = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
                    let left = left.saturating_sub(u64::try_from(here).unwrap_or(left));
                    *self = if left == 0 { Self::DataEnd } else { Self::Data(left) };
                    return Ok(Some(input.split_to(here).freeze()));
                }
                Self::DataEnd => match line(input)? {
                    Some(line) if line.is_empty() => Self::Size,
                    Some(_) => return Err(broken("a chunk is longer than its size")),
                    None if input.len() > 1 => return Err(broken("a chunk is longer than its size")),
                    None => return Ok(None),
                },
                Self::Trailers(before) => match line(input)? {
                    Some(line) if line.is_empty() => Self::Done,
                    Some(line) if before + line.len() > MAX_TRAILERS => {
                        return Err(broken("the trailers are too long"));
                    }
                    Some(line) => Self::Trailers(before + line.len()),
                    None => return Ok(None),
                },
                Self::Done => return Ok(None),
            };
        }
    }

    const fn of_size(size: u64) -> Self {
        if size == 0 { Self::Trailers(0) } else { Self::Data(size) }
    }
}

/// A line without its end, which is CR and LF and nothing else.
fn line(input: &mut BytesMut) -> io::Result<Option<BytesMut>> {
    let Some(end) = input.iter().take(MAX_LINE).position(|&byte| byte == b'\n') else {
        return if input.len() < MAX_LINE { Ok(None) } else { Err(broken("a chunk's line is too long")) };
    };
    let mut line = input.split_to(end);
    input.advance(1);
    if line.last() != Some(&b'\r') {
        return Err(broken("a chunk's line ends in a bare LF"));
    }
    line.truncate(end - 1);
    if line.contains(&b'\r') { Err(broken("a chunk's line has a bare CR")) } else { Ok(Some(line)) }
}

/// Extensions are passed by.
fn size(line: &[u8]) -> io::Result<u64> {
    let digits = line.split(|&byte| byte == b';').next().unwrap_or_default();
    let digits = if digits.len() < line.len() { digits.trim_ascii_end() } else { digits };
    let is_size = (1..=16).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
    let text = str::from_utf8(digits).ok().filter(|_| is_size);
    let size = text.and_then(|text| u64::from_str_radix(text, 16).ok());
    size.ok_or_else(|| broken("the size of a chunk is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read where it comes in two halves, whichever; `None` where it is refused, or incomplete.
    fn read(text: &str) -> Option<String> {
        let read = |at: usize| {
            let (mut chunks, mut input, mut body) = (Chunks::Size, BytesMut::new(), Vec::new());
            for half in [&text[..at], &text[at..]] {
                input.extend_from_slice(half.as_bytes());
                while let Some(piece) = chunks.next_piece(&mut input).ok()? {
                    body.extend_from_slice(&piece);
                }
            }
            matches!(chunks, Chunks::Done).then(|| String::from_utf8(body).unwrap())
        };
        let whole = read(0);
        for at in 1..text.len() {
            assert_eq!(read(at), whole, "{text:?} at {at}");
        }
        whole
    }

    #[test]
    fn chunks_are_read_however_they_come() {
        for (text, body) in [
            ("0\r\n\r\n", ""),
            ("3\r\none\r\n0\r\n\r\n", "one"),
            ("3\r\none\r\nA\r\n\r\n3\r\nx\r\n\r\n\r\n0\r\n\r\n", "one\r\n3\r\nx\r\n\r\n"),
            ("03;name=value\r\none\r\n000\r\nX-Trailer: y\r\n\r\n", "one"),
            ("3 ;a\r\none\r\n0\r\n\r\n", "one"),
        ] {
            assert_eq!(read(text).as_deref(), Some(body), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        let long = format!("3;{}\r\none\r\n0\r\n\r\n", "x".repeat(MAX_LINE));
        for text in [
            "\r\n",
            "x\r\n",
            "-1\r\n",
            "+3\r\none\r\n0\r\n\r\n",
            "0x3\r\none\r\n0\r\n\r\n",
            "3\none\r\n0\r\n\r\n",
            "3 \r\none\r\n0\r\n\r\n",
            " 3\r\none\r\n0\r\n\r\n",
            "3\r\nones\r\n0\r\n\r\n",
            "3\r\none\n0\r\n\r\n",
            "3\r\none0\r\n\r\n",
            "10000000000000000\r\none",
            "3;\rx\r\none\r\n0\r\n\r\n",
            "3\r\none\r\n0\r\n",
            "3\r\non",
            &long,
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
