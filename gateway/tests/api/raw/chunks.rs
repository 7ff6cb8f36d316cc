//! Chunked bodies.

use super::Outcome::{CutOff, Served, Swallowed, Unfinished};
use super::{post, try_all};

const HEADERS: &str = "Transfer-Encoding: chunked\r\n";

#[tokio::test]
async fn a_malformed_chunk_cuts_the_request_off() {
    let chunks = [
        ("a size of more than 64 bits", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
        ("a negative size", "-5\r\nhello\r\n0\r\n\r\n"),
        ("a size with a plus", "+5\r\nhello\r\n0\r\n\r\n"),
        ("a size with 0x", "0x5\r\nhello\r\n0\r\n\r\n"),
        ("no size", "\r\nhello\r\n0\r\n\r\n"),
        ("no digits before an extension", ";a\r\nhello\r\n0\r\n\r\n"),
        ("space before the size", " 5\r\nhello\r\n0\r\n\r\n"),
        ("two sizes", "5 5\r\nhello\r\n0\r\n\r\n"),
        ("digits that are not hexadecimal", "g\r\nhello\r\n0\r\n\r\n"),
        ("an underscore in the size", "1_0\r\nhellohellohelloh\r\n0\r\n\r\n"),
        ("LF after the size", "5\nhello\r\n0\r\n\r\n"),
        ("CR after the size", "5\rhello\r\n0\r\n\r\n"),
        ("LF after the data", "5\r\nhello\n0\r\n\r\n"),
        ("CR after the data", "5\r\nhello\r0\r\n\r\n"),
        ("nothing after the data", "5\r\nhello0\r\n\r\n"),
        ("more data than announced", "3\r\nhello\r\n0\r\n\r\n"),
        ("less data than announced", "6\r\nhello\r\n0\r\n\r\n"),
        ("LF in an extension", "5;a\nhello\r\n0\r\n\r\n"),
        ("CR in an extension", "5;a\rb\r\nhello\r\n0\r\n\r\n"),
        ("NUL in an extension", "5;a\0\r\nhello\r\n0\r\n\r\n"),
        ("a control character in an extension", "5;a=\u{1}\r\nhello\r\n0\r\n\r\n"),
        ("CR alone at the end", "5\r\nhello\r\n0\r\n\r"),
    ];
    try_all(chunks.map(|(name, body)| post("RFC 9112, 7.1", name, HEADERS, body, CutOff))).await;
}

#[tokio::test]
async fn a_truncated_body_is_never_complete_at_the_service() {
    let rfc = "RFC 9112, 8";
    try_all([
        post(
            "RFC 9112, 7.1",
            "the largest size",
            HEADERS,
            "ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
            Unfinished,
        ),
        post("RFC 9112, 7.1", "a size beyond the end", HEADERS, "ffff\r\nhello\r\n0\r\n\r\n", Unfinished),
        post(rfc, "less than the length", "Content-Length: 9999\r\n", "hello", Unfinished),
    ])
    .await;
}

#[tokio::test]
async fn chunk_extensions_and_trailers_are_not_passed_on() {
    let padded = format!("{}5\r\nhello\r\n0\r\n\r\n", "0".repeat(1000));
    let long = format!("5;a={}\r\nhello\r\n0\r\n\r\n", "b".repeat(0x1_0000));
    try_all([
        post("RFC 9112, 7.1", "zeros before the size", HEADERS, &padded, Served("hello")),
        post("RFC 9112, 7.1.1", "an extension", HEADERS, "5;a=b\r\nhello\r\n0;c\r\n\r\n", Served("hello")),
        post(
            "RFC 9112, 7.1.1",
            "space around it",
            HEADERS,
            "5 ; a=\"b\"\r\nhello\r\n0\r\n\r\n",
            Served("hello"),
        ),
        post("RFC 9112, 7.1.1", "a long extension", HEADERS, &long, Served("hello")),
        post(
            "RFC 9112, 7.1.2",
            "trailers",
            "Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n",
            "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
            Served("hello"),
        ),
        post(
            "RFC 9110, 6.5.1",
            "trailers that would frame",
            HEADERS,
            "5\r\nhello\r\n0\r\nContent-Length: 9\r\nTransfer-Encoding: x\r\nHost: b\r\n\r\n",
            Served("hello"),
        ),
    ])
    .await;
}

/// What might end the trailers to other software goes on with them here: fewer requests are heard of, never more.
#[tokio::test]
async fn lines_of_trailers_end_with_crlf_only() {
    try_all([
        post("RFC 9112, 7.1.2", "LF for the last line", HEADERS, "5\r\nhello\r\n0\r\n\n", Swallowed("hello")),
        post(
            "RFC 9112, 7.1.2",
            "LF after a trailer",
            HEADERS,
            "5\r\nhello\r\n0\r\na: b\n\n",
            Swallowed("hello"),
        ),
    ])
    .await;
}
