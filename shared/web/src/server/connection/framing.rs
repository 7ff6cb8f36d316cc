//! The end of a request (RFC 9112, 6.3), by the parser and the rules of `actix-http`'s decoder.

use super::chunked::Chunked;
use httparse::{Header, Request, Status};
use std::mem::MaybeUninit;

/// The most header fields, as in the server's decoder.
const MAX_HEADERS: usize = 96;

/// The state of the requests on a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// A head is next.
    Head,
    /// The rest of a body, in bytes.
    Length(u64),
    /// A chunked body.
    Chunked(Chunked),
    /// All further bytes belong to one request (a WebSocket, CONNECT).
    UntilClose,
    /// A head that the server's decoder refuses: nothing behind it is a request.
    Refused,
}

impl Framing {
    /// How many of these bytes belong to the present request. A head is taken whole or not at all.
    pub(super) fn take(&mut self, bytes: &[u8]) -> usize {
        match self {
            Self::Head => self.take_head(bytes),
            Self::Length(left) => {
                let taken = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                *left = left.saturating_sub(u64::try_from(taken).unwrap_or(*left));
                if *left == 0 {
                    *self = Self::Head;
                }
                taken
            }
            Self::Chunked(chunked) => {
                let taken = chunked.take(bytes);
                if matches!(chunked, Chunked::Complete) {
                    *self = Self::Head;
                }
                taken
            }
            Self::UntilClose | Self::Refused => bytes.len(),
        }
    }

    /// The bytes of a head, with those of its body unless that is chunked: see [`super::stream`].
    fn take_head(&mut self, bytes: &[u8]) -> usize {
        let mut headers = [const { MaybeUninit::<Header>::uninit() }; MAX_HEADERS];
        let mut request = Request::new(&mut []);
        let length = match request.parse_with_uninit_headers(bytes, &mut headers) {
            Ok(Status::Partial) => return 0,
            Ok(Status::Complete(length)) => length,
            Err(_) => {
                *self = Self::Refused;
                return bytes.len();
            }
        };
        *self = body_of(&request).unwrap_or(Self::Refused);
        match self {
            Self::Head | Self::Chunked(_) => length,
            Self::Length(_) | Self::UntilClose | Self::Refused => {
                length + self.take(bytes.get(length..).unwrap_or_default())
            }
        }
    }

    /// Whether these bytes may begin a head.
    pub(super) fn may_begin_head(bytes: &[u8]) -> bool {
        let first = bytes.iter().find(|byte| !matches!(byte, b'\r' | b'\n'));
        first.is_none_or(|&byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    }
}

/// The framing of a request's body; `None` if the server's decoder refuses the head.
fn body_of(request: &Request<'_, '_>) -> Option<Framing> {
    let (mut length, mut coding, mut hosts, mut is_websocket) = (None, None, 0, false);
    for header in &*request.headers {
        match header.name.len() {
            4 if header.name.eq_ignore_ascii_case("host") => hosts += 1,
            7 if header.name.eq_ignore_ascii_case("upgrade") => {
                is_websocket |= text(header.value).is_some_and(|text| text.eq_ignore_ascii_case("websocket"));
            }
            14 if header.name.eq_ignore_ascii_case("content-length") => {
                let digits = text(header.value).filter(|text| !text.starts_with('+') && length.is_none())?;
                length = Some(digits.parse::<u64>().ok()?);
            }
            17 if header.name.eq_ignore_ascii_case("transfer-encoding") => {
                coding = Some(text(header.value).filter(|_| coding.is_none())?);
            }
            _ => {}
        }
    }
    let is_http11 = request.version == Some(1);
    match (coding, length) {
        _ if hosts > 1 || (is_http11 && hosts == 0) => None,
        (Some(coding), None) if is_http11 && coding.eq_ignore_ascii_case("chunked") => {
            Some(Framing::Chunked(Chunked::SizeStart))
        }
        (Some(_), _) => None,
        (None, _) if is_websocket => Some(Framing::UntilClose),
        (None, None) if !is_http11 && request.method == Some("POST") => None,
        (None, None | Some(0)) if request.method == Some("CONNECT") => Some(Framing::UntilClose),
        (None, None | Some(0)) => Some(Framing::Head),
        (None, Some(length)) => Some(Framing::Length(length)),
    }
}

/// The value of a field, if it is of visible ASCII and white space.
fn text(value: &[u8]) -> Option<&str> {
    let is_text = value.iter().all(|&byte| byte == b'\t' || (b' '..=b'~').contains(&byte));
    str::from_utf8(value).ok().filter(|_| is_text).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_http::h1::{Codec, Message, MessageType};
    use actix_web::web::BytesMut;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;
    use tokio_util::codec::Decoder as _;

    /// Parts of requests, which fit together more or less.
    const PARTS: [&str; 38] = [
        "GET / HTTP/1.1\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\n",
        "POST / HTTP/1.0\r\n",
        "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "Host: a\r\n",
        "Content-Length: 5\r\n",
        "content-length:  0 \r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Transfer-Encoding: chunked\r\n",
        "transfer-encoding:\tCHUNKED\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Upgrade: websocket\r\n",
        "Upgrade: h2c\r\n",
        "Connection: close\r\n",
        "X: \u{e9}\r\n",
        "\r\n",
        "\n",
        "\r",
        "5\r\nhello\r\n",
        "5;a=b\r\nhello\r\n",
        "5 ; a\r\nhello\r\n",
        "05\r\nhel",
        "lo\r\n",
        "3\r\nhello\r\n",
        "10000000000000000\r\n",
        "ffffffffffffffff\r\n",
        "-1\r\n",
        "0\r\n",
        "0\r\n\r\n",
        "Trailer: x\r\n",
        "hello",
        "}",
        "\0",
        " ",
    ];

    /// For each request: the number of bytes behind it, and whether the server's decoder accepts it.
    fn decoded(text: &[u8]) -> Vec<(usize, bool)> {
        // A decoder needs a runtime for its clock.
        actix_web::rt::Runtime::new().unwrap().block_on(async { decode(text) })
    }

    fn decode(text: &[u8]) -> Vec<(usize, bool)> {
        let (mut codec, mut input) = (Codec::default(), BytesMut::from(text));
        let mut ends = Vec::new();
        loop {
            match codec.decode(&mut input) {
                Ok(Some(Message::Item(_))) => match codec.message_type() {
                    MessageType::None => ends.push((input.len(), true)),
                    MessageType::Payload => {}
                    MessageType::Stream => return ends,
                },
                Ok(Some(Message::Chunk(None))) => ends.push((input.len(), true)),
                Ok(Some(_)) => {}
                Ok(None) => return ends,
                Err(_) => {
                    ends.push((0, false));
                    return ends;
                }
            }
        }
    }

    /// The same by this framing, if the text comes in pieces of at most this length.
    fn framed(text: &[u8], piece: usize) -> Vec<(usize, bool)> {
        let (mut framing, mut given, mut come) = (Framing::Head, 0, 0);
        let mut ends = Vec::new();
        while come < text.len() {
            come = text.len().min(come + piece);
            loop {
                let taken = framing.take(&text[given..come]);
                given += taken;
                let is_malformed = matches!(framing, Framing::Chunked(Chunked::Malformed) | Framing::Refused);
                if is_malformed {
                    ends.push((0, false));
                    return ends;
                }
                if taken > 0 && framing == Framing::Head {
                    ends.push((text.len() - given, true));
                }
                if taken == 0 || given == come {
                    break;
                }
            }
        }
        ends
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn requests_end_where_they_do_for_the_servers_decoder(
            parts in vec(select(&PARTS[..]), 1..14), piece in 1_usize..200,
        ) {
            let text = parts.concat();
            let ours = framed(text.as_bytes(), piece);
            let theirs = decoded(text.as_bytes());
            prop_assert_eq!(&ours, &theirs, "{:?}", text);
            prop_assert_eq!(&framed(text.as_bytes(), usize::MAX), &theirs, "{:?} at once", text);
        }
    }

    #[test]
    fn a_websocket_needs_no_length_in_a_post_of_http_1_0() {
        let text = "POST / HTTP/1.0\r\nUpgrade: websocket\r\n\r\n";
        for piece in [1, usize::MAX] {
            assert_eq!(framed(text.as_bytes(), piece), decoded(text.as_bytes()), "{piece}");
        }
    }

    #[test]
    fn a_byte_that_cannot_begin_a_method_begins_no_head() {
        for text in ["", "\r\n", "G", "\r\nGET", "x\"", "~"] {
            assert!(Framing::may_begin_head(text.as_bytes()), "{text:?}");
        }
        for text in ["}", "\r\n}", "\"}", "\0", " GET", "\u{e9}"] {
            assert!(!Framing::may_begin_head(text.as_bytes()), "{text:?}");
        }
    }
}
