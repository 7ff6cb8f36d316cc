//! Lengths of response bodies, announced and actual.

use super::Outcome::{Bodiless, Broken, Either, Lenient, Refused, Whole};
use super::script::{answers, says};
use super::{FINE, RequestKind, STRAY, get, try_all};

const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";

#[tokio::test]
async fn a_wrong_content_length_spares_the_next_user() {
    let huge = "Content-Length: 18446744073709551615\r\n";
    let over = "Content-Length: 18446744073709551620\r\n";
    try_all([
        get("too short", answers("Content-Length: 2\r\n", "fine"), Whole("fi")),
        get("zero", answers("Content-Length: 0\r\n", "fine"), Whole("")),
        get(
            "too short by an answer",
            answers("Content-Length: 4\r\n", &format!("fine{STRAY}")),
            Whole("fine"),
        ),
        get("too long, and the end", answers("Content-Length: 9\r\n", "fine").closes(), Broken),
        get("too long, and silence", answers("Content-Length: 9\r\n", "fine").listens(), Broken)
            .with_short_timeouts(),
        get("too long by 1 MiB", answers("Content-Length: 1048580\r\n", "fine").closes(), Broken),
        get("as large as can be", answers(huge, "fine").closes(), Broken),
        get("larger than can be", answers(over, "fine"), Refused),
        get("leading zeros", answers("Content-Length: 0004\r\n", "fine"), Either("fine")),
        get("negative", answers("Content-Length: -4\r\n", "fine"), Refused),
        get("a plus", answers("Content-Length: +4\r\n", "fine"), Refused),
        get("hexadecimal", answers("Content-Length: 0x4\r\n", "fine"), Refused),
        get("a fraction", answers("Content-Length: 4.0\r\n", "fine"), Refused),
        get("two numbers", answers("Content-Length: 4 4\r\n", "fine"), Refused),
        get("a word", answers("Content-Length: four\r\n", "fine"), Refused),
        get("empty", answers("Content-Length:\r\n", "fine"), Refused),
        get("a list of two", answers("Content-Length: 4, 9\r\n", "fine"), Refused),
        get("a list of the same", answers("Content-Length: 4, 4\r\n", "fine"), Either("fine")),
    ])
    .await;
}

#[tokio::test]
async fn a_repeated_content_length_spares_the_next_user() {
    let both = |fields: &str| answers(fields, "4\r\nfine\r\n0\r\n\r\n");
    try_all([
        get("two that differ", answers("Content-Length: 4\r\nContent-Length: 9\r\n", "fine"), Refused),
        get("the longer first", answers("Content-Length: 9\r\nContent-Length: 4\r\n", "fine"), Refused),
        get("twice the same", answers("Content-Length: 4\r\ncontent-length: 4\r\n", "fine"), Either("fine")),
        get("and chunks", both("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"), Refused),
        get("after chunks", both("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"), Refused),
        get("of nothing, and chunks", both("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), Refused),
        get("chunks twice", both("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), Refused),
        get("chunks in chunks", both("Transfer-Encoding: chunked, chunked\r\n"), Refused),
        get("chunks of what was packed", both("Transfer-Encoding: gzip, chunked\r\n"), Refused),
        get("packed chunks", both("Transfer-Encoding: chunked, gzip\r\n"), Refused),
        get("a coding that nobody knows", both("Transfer-Encoding: xchunked\r\n").closes(), Refused),
        get("no coding", both("Transfer-Encoding:\r\n").closes(), Refused),
        get("chunks in HTTP/1.0", says(format!("HTTP/1.0 200 OK\r\n{CHUNKED}\r\n0\r\n\r\n")), Refused),
    ])
    .await;
}

#[tokio::test]
async fn a_malformed_response_chunk_spares_the_next_user() {
    let long = format!("4;{}\r\nfine\r\n0\r\n\r\n", "x".repeat(0x10_0000));
    let trailers = format!("4\r\nfine\r\n0\r\n{}\r\n", "X: yyyyyyyyyyyyyyyyyyyyyyyyy\r\n".repeat(0x8000));
    let chunks = |body: &str| answers(CHUNKED, body);
    try_all([
        get("a size beyond the end", chunks("5\r\nfine\r\n0\r\n\r\n"), Broken),
        get("a size before the end", chunks("3\r\nfine\r\n0\r\n\r\n"), Broken),
        get("a size that is too large", chunks("10000000000000004\r\nfine\r\n0\r\n\r\n"), Broken),
        get("a negative size", chunks("-4\r\nfine\r\n0\r\n\r\n"), Broken),
        get("a plus", chunks("+4\r\nfine\r\n0\r\n\r\n"), Broken),
        get("0x", chunks("0x4\r\nfine\r\n0\r\n\r\n"), Broken),
        get("no size", chunks("\r\nfine\r\n0\r\n\r\n"), Broken),
        get("no digits", chunks("four\r\nfine\r\n0\r\n\r\n"), Broken),
        get("space before the size", chunks(" 4\r\nfine\r\n0\r\n\r\n"), Broken),
        get("LF after the size", chunks("4\nfine\r\n0\r\n\r\n"), Broken),
        get("LF after the data", chunks("4\r\nfine\n0\r\n\r\n"), Broken),
        get("nothing after the data", chunks("4\r\nfine0\r\n\r\n"), Broken),
        get("NUL after the size", chunks("4\0\r\nfine\r\n0\r\n\r\n"), Broken),
        get("CR in an extension", chunks("4;\rx\r\nfine\r\n0\r\n\r\n"), Broken),
        get("LF in an extension", chunks("4;x\nfine\r\n0\r\n\r\n"), Broken),
        get("an endless extension", chunks(&long), Broken),
        get("endless trailers", chunks(&trailers), Broken),
        get("an answer instead of a chunk", chunks(&format!("4\r\nfine\r\n{STRAY}")), Broken),
        get("no chunks at all", chunks("fine").closes(), Broken),
    ])
    .await;
}

#[tokio::test]
async fn unusual_valid_chunks_spare_the_next_user() {
    let chunks = |body: &str| answers(CHUNKED, body);
    try_all([
        get("one byte each", chunks("1\r\nf\r\n1\r\ni\r\n1\r\nn\r\n1\r\ne\r\n0\r\n\r\n"), Whole("fine")),
        get("zeros before the size", chunks("0004\r\nfine\r\n000\r\n\r\n"), Whole("fine")),
        get("an extension", chunks("4;a=b\r\nfine\r\n0;c\r\n\r\n"), Whole("fine")),
        get("space before an extension", chunks("4 ;a\r\nfine\r\n0\r\n\r\n"), Either("fine")),
        get("space after the size", chunks("4 \r\nfine\r\n0\r\n\r\n"), Lenient("fine")),
        get("trailers", chunks("4\r\nfine\r\n0\r\nX-Sum: 1\r\n\r\n"), Whole("fine")),
        get(
            "trailers that would frame",
            chunks("4\r\nfine\r\n0\r\nContent-Length: 9\r\n\r\n"),
            Whole("fine"),
        ),
        get("no data", chunks("0\r\n\r\n"), Whole("")),
        get("data that looks like chunks", chunks("5\r\n0\r\n\r\n\r\n0\r\n\r\n"), Whole("0\r\n\r\n")),
        get("CHUNKED", answers("TRANSFER-ENCODING: CHUNKED\r\n", "4\r\nfine\r\n0\r\n\r\n"), Whole("fine")),
    ])
    .await;
}

#[tokio::test]
async fn a_body_where_none_is_allowed_spares_the_next_user() {
    let with_body = |line: &str| says(format!("HTTP/1.1 {line}\r\nContent-Length: 5\r\n\r\nstray"));
    let chunked = |line: &str| says(format!("HTTP/1.1 {line}\r\n{CHUNKED}\r\n5\r\nstray\r\n0\r\n\r\n"));
    try_all([
        get("204 with a length", with_body("204 No Content"), Bodiless(204)),
        get("204 in chunks", chunked("204 No Content"), Bodiless(204)),
        get("204 and an answer", says(format!("HTTP/1.1 204 No Content\r\n\r\n{STRAY}")), Bodiless(204)),
        get("304 with a length", with_body("304 Not Modified"), Bodiless(304)),
        get("304 in chunks", chunked("304 Not Modified"), Bodiless(304)),
        get("HEAD with a length", with_body("200 OK"), Bodiless(200)).with_kind(RequestKind::Head),
        get("HEAD in chunks", chunked("200 OK"), Bodiless(200)).with_kind(RequestKind::Head),
        get("HEAD and an answer", says(format!("{FINE}{STRAY}")), Bodiless(200)).with_kind(RequestKind::Head),
        get("HEAD until the end", answers("", "stray").closes(), Bodiless(200)).with_kind(RequestKind::Head),
        get("HEAD, and the body late", answers("Content-Length: 5\r\n", "").late("stray"), Bodiless(200))
            .with_kind(RequestKind::Head),
    ])
    .await;
}
