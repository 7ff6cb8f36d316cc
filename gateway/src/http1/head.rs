//! The head of an answer.

use super::body::Body;
use super::error::broken;
use super::field::Field;
use actix_web::http::StatusCode;
use httparse::{Error as ParseError, ParserConfig, Status};
use std::io;
use std::mem::MaybeUninit;

/// The most bytes of a head.
pub(super) const MAX_HEAD: usize = 0x1_0000;
/// The most fields of a head.
const MAX_FIELDS: usize = 128;

/// The head of an answer has more than [`MAX_HEAD`] bytes or [`MAX_FIELDS`] fields. That may be due to what the client has
/// asked for, and says nothing of the replica.
#[derive(Debug, thiserror::Error)]
#[error("the head of the answer is too long")]
struct HeadTooLong;

impl From<HeadTooLong> for io::Error {
    fn from(error: HeadTooLong) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}

/// Whether an answer was refused because its head is too long.
pub(crate) fn is_head_too_long(error: &io::Error) -> bool {
    let Some(cause) = error.get_ref() else { return false };
    cause.is::<HeadTooLong>()
}

/// A head that has come.
pub(super) enum Head<T> {
    /// One of several: the answer is still to come.
    Interim {
        /// How many bytes it has.
        length: usize,
    },
    /// That of the answer.
    Final {
        /// How many bytes it has.
        length: usize,
        /// What was read from it.
        head: T,
        /// The length of a body that is announced, whether it follows or not.
        announced: Option<u64>,
        /// The body that follows.
        body: Body,
        /// Whether the connection ends with this answer.
        is_last: bool,
    },
}

/// Reads a head, if it has come as a whole. `to_head` says that HEAD was asked, whose answer has no body.
pub(super) fn parse<T>(
    input: &[u8],
    to_head: bool,
    read: impl FnOnce(StatusCode, &[Field<'_>]) -> T,
) -> io::Result<Option<Head<T>>> {
    let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut answer = httparse::Response::new(&mut []);
    let config = ParserConfig::default();
    let parsed = config.parse_response_with_uninit_headers(&mut answer, input, &mut fields);
    let parsed = parsed.map_err(|error| match error {
        ParseError::TooManyHeaders => HeadTooLong.into(),
        error => io::Error::other(error),
    });
    let Status::Complete(length) = parsed? else {
        return if input.len() < MAX_HEAD { Ok(None) } else { Err(HeadTooLong.into()) };
    };
    let status = answer.code.and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or_else(|| broken("the answer has no status"))?;
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(broken("the service speaks another protocol"));
    }
    if status.is_informational() {
        return Ok(Some(Head::Interim { length }));
    }
    let is_http10 = answer.version == Some(0);
    let (body, announced) = Body::announced(status, is_http10, to_head, answer.headers)?;
    let is_last = is_last(is_http10, answer.headers) || matches!(body, Body::UntilClose);
    Ok(Some(Head::Final { length, head: read(status, answer.headers), announced, body, is_last }))
}

/// Whether nothing more is answered on the connection (RFC 9112, 9.3).
fn is_last(is_http10: bool, fields: &[Field<'_>]) -> bool {
    let connection = fields.iter().filter(|field| field.name.eq_ignore_ascii_case("connection"));
    let options = connection.flat_map(|field| field.value.split(|&byte| byte == b','));
    let (mut closes, mut stays) = (false, !is_http10);
    for option in options.map(<[u8]>::trim_ascii) {
        closes |= option.eq_ignore_ascii_case(b"close");
        stays |= option.eq_ignore_ascii_case(b"keep-alive");
    }
    closes || !stays
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body that follows a head, and whether it is the last; `None` where the head is refused.
    fn follows(head: &str, to_head: bool) -> Option<(String, bool)> {
        let head = format!("HTTP/1.{head}\r\n\r\n");
        assert!(
            parse(&head.as_bytes()[..head.len() - 1], to_head, |_, _| ()).is_ok_and(|head| head.is_none())
        );
        match parse(head.as_bytes(), to_head, |_, _| ()).ok()?.unwrap() {
            Head::Final { body, is_last, .. } => Some((format!("{body:?}"), is_last)),
            Head::Interim { .. } => Some(("interim".to_owned(), false)),
        }
    }

    #[test]
    fn a_head_says_what_follows() {
        for (head, expected) in [
            ("1 200 OK\r\nContent-Length: 5", ("Known(5)", false)),
            ("1 200 OK\r\ncontent-length:5\r\nCONNECTION: x, Close", ("Known(5)", true)),
            ("0 200 OK\r\nContent-Length: 5", ("Known(5)", true)),
            ("0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive", ("Known(5)", false)),
            ("1 200 OK\r\nTransfer-Encoding: Chunked", ("Chunked(Size)", false)),
            ("1 200 OK", ("UntilClose", true)),
            ("1 204 No Content\r\nContent-Length: 5", ("Known(0)", false)),
            ("1 304 Not Modified\r\nTransfer-Encoding: chunked", ("Known(0)", false)),
            ("1 100 Continue", ("interim", false)),
            ("1 103 Early Hints\r\nLink: <x>", ("interim", false)),
        ] {
            let (body, is_last) = follows(head, false).unwrap_or_else(|| panic!("{head:?}"));
            assert_eq!((body.as_str(), is_last), expected, "{head:?}");
        }
        for length in ["Content-Length: 5", "Transfer-Encoding: chunked", "X: y"] {
            let head = format!("1 200 OK\r\n{length}");
            assert_eq!(follows(&head, true), Some(("Known(0)".to_owned(), false)), "{head:?}");
        }
    }

    #[test]
    fn a_head_that_can_be_read_in_two_ways_is_refused() {
        for wrong in [
            "1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6",
            "1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5",
            "1 200 OK\r\nContent-Length: 5, 5",
            "1 200 OK\r\nContent-Length: +5",
            "1 200 OK\r\nContent-Length: ",
            "1 200 OK\r\nContent-Length: 18446744073709551616",
            "1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
            "0 200 OK\r\nTransfer-Encoding: chunked",
            "1 200 OK\r\nTransfer-Encoding: gzip, chunked",
            "1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "1 200 OK\r\nTransfer-Encoding: identity",
            "1 200 OK\r\nX: a\r\n b",
            "1 200 OK\r\nX : a",
            "1 101 Switching Protocols\r\nUpgrade: h2c",
            "2 200 OK",
            "1 99 OK",
        ] {
            assert_eq!(
                parse(format!("HTTP/1.{wrong}\r\n\r\n").as_bytes(), false, |_, _| ()).ok().map(drop),
                None,
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn a_head_has_bounds() {
        let lines = |count: usize| format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(count));
        assert!(parse(lines(MAX_FIELDS).as_bytes(), false, |_, fields| fields.len()).is_ok());
        let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "y".repeat(MAX_HEAD));
        for wrong in [lines(MAX_FIELDS + 1), endless] {
            assert!(parse(wrong.as_bytes(), false, |_, _| ()).is_err_and(|error| is_head_too_long(&error)));
        }
        assert!(parse(b"what?\r\n\r\n", false, |_, _| ()).is_err_and(|error| !is_head_too_long(&error)));
    }
}
