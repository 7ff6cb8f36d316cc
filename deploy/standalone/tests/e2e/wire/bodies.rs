//! Bodies as they are sent: in chunks, cut short, too long, and before they are asked for.

use super::case::Outcome::{Answered, CutOff, TooMuch, Unfinished};
use super::case::{post, raw};
use super::try_all;

const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";

#[tokio::test]
async fn malformed_chunks_are_a_400_and_end_the_connection() {
    try_all(|mallory| {
        let body = mallory.message();
        let n = body.len();
        let chunks = [
            ("a size of more than 64 bits", format!("1000000000000000{n:x}\r\n{body}\r\n0\r\n\r\n")),
            ("a negative size", format!("-{n:x}\r\n{body}\r\n0\r\n\r\n")),
            ("a size with a plus", format!("+{n:x}\r\n{body}\r\n0\r\n\r\n")),
            ("a size with 0x", format!("0x{n:x}\r\n{body}\r\n0\r\n\r\n")),
            ("no size", format!("\r\n{body}\r\n0\r\n\r\n")),
            ("no digits before an extension", format!(";a\r\n{body}\r\n0\r\n\r\n")),
            ("space before the size", format!(" {n:x}\r\n{body}\r\n0\r\n\r\n")),
            ("two sizes", format!("{n:x} {n:x}\r\n{body}\r\n0\r\n\r\n")),
            ("digits that are not hexadecimal", format!("g\r\n{body}\r\n0\r\n\r\n")),
            ("LF after the size", format!("{n:x}\n{body}\r\n0\r\n\r\n")),
            ("CR after the size", format!("{n:x}\r{body}\r\n0\r\n\r\n")),
            ("LF after the data", format!("{n:x}\r\n{body}\n0\r\n\r\n")),
            ("CR after the data", format!("{n:x}\r\n{body}\r0\r\n\r\n")),
            ("nothing after the data", format!("{n:x}\r\n{body}0\r\n\r\n")),
            ("more data than announced", format!("{:x}\r\n{body}\r\n0\r\n\r\n", n - 2)),
            ("less data than announced", format!("{:x}\r\n{body}\r\n0\r\n\r\n", n + 1)),
            ("LF in an extension", format!("{n:x};a\n{body}\r\n0\r\n\r\n")),
            ("CR in an extension", format!("{n:x};a\rb\r\n{body}\r\n0\r\n\r\n")),
            ("NUL in an extension", format!("{n:x};a\0\r\n{body}\r\n0\r\n\r\n")),
            ("CR alone at the end", format!("{n:x}\r\n{body}\r\n0\r\n\r")),
        ];
        chunks.iter().map(|(name, body)| post(name, mallory, CHUNKED, body, CutOff)).collect()
    })
    .await;
}

#[tokio::test]
async fn an_incomplete_body_ends_the_connection_without_an_answer() {
    try_all(|mallory| {
        let body = mallory.message();
        let n = body.len();
        let length = |more: usize| format!("Content-Length: {}\r\n", n + more);
        vec![
            post("less than the length", mallory, &length(9999), &body, Unfinished),
            post("nothing", mallory, &length(9999), "", Unfinished),
            post(
                "a chunk beyond the end",
                mallory,
                CHUNKED,
                &format!("ffff\r\n{body}\r\n0\r\n\r\n"),
                Unfinished,
            ),
            post("the largest chunk", mallory, CHUNKED, &format!("ffffffffffffffff\r\n{body}"), Unfinished),
        ]
    })
    .await;
}

#[tokio::test]
async fn bytes_past_a_body_are_refused_as_a_request_of_their_own() {
    try_all(|mallory| {
        let body = mallory.message();
        let length = |n: usize| format!("Content-Length: {n}\r\n");
        vec![
            post("by a byte", mallory, &length(body.len() - 1), &body, TooMuch(422)),
            post("by all", mallory, &length(0), &body, TooMuch(422)),
            post("without a length", mallory, "", &body, TooMuch(422)),
            post("by a part of a request", mallory, &length(body.len()), &format!("{body}GET"), TooMuch(201)),
            post("by NUL", mallory, &length(body.len()), &format!("{body}\0"), TooMuch(201)),
            post(
                "after the last chunk",
                mallory,
                CHUNKED,
                &format!("{:x}\r\n{body}\r\n0\r\n\r\nX", body.len()),
                TooMuch(201),
            ),
        ]
    })
    .await;
}

#[tokio::test]
async fn unusual_but_valid_bodies_are_accepted() {
    try_all(|mallory| {
        let body = mallory.message();
        let n = body.len();
        let length = format!("Content-Length: {n}\r\n");
        let bytes: String = body.chars().flat_map(|byte| ['1', '\r', '\n', byte, '\r', '\n']).collect();
        let long = format!("{n:x};a={}\r\n{body}\r\n0\r\n\r\n", "b".repeat(0x1_0000));
        vec![
            post("a length", mallory, &length, &body, Answered(201)),
            post("an empty line behind it", mallory, &length, &format!("{body}\r\n"), Answered(201)),
            post(
                "a length with zeros",
                mallory,
                &format!("Content-Length: 000{n}\r\n"),
                &body,
                Answered(201),
            ),
            post("one chunk", mallory, CHUNKED, &format!("{n:X}\r\n{body}\r\n0\r\n\r\n"), Answered(201)),
            post("a chunk for each byte", mallory, CHUNKED, &format!("{bytes}0\r\n\r\n"), Answered(201)),
            post(
                "zeros before the size",
                mallory,
                CHUNKED,
                &format!("{}{n:x}\r\n{body}\r\n000\r\n\r\n", "0".repeat(1000)),
                Answered(201),
            ),
            post(
                "an extension",
                mallory,
                CHUNKED,
                &format!("{n:x};a=b\r\n{body}\r\n0;c\r\n\r\n"),
                Answered(201),
            ),
            post(
                "space around an extension",
                mallory,
                CHUNKED,
                &format!("{n:x} ; a=\"b\"\r\n{body}\r\n0\r\n\r\n"),
                Answered(201),
            ),
            post("a long extension", mallory, CHUNKED, &long, Answered(201)),
            post(
                "trailers",
                mallory,
                CHUNKED,
                &format!("{n:x}\r\n{body}\r\n0\r\nX-Sum: 1\r\n\r\n"),
                Answered(201),
            ),
            post(
                "trailers that would frame",
                mallory,
                CHUNKED,
                &format!("{n:x}\r\n{body}\r\n0\r\nContent-Length: 9\r\nTransfer-Encoding: x\r\n\r\n"),
                Answered(201),
            ),
            post(
                "it does not wait to continue",
                mallory,
                &format!("Expect: 100-continue\r\n{length}"),
                &body,
                Answered(201),
            ),
            post(
                "it does not wait to continue, in chunks",
                mallory,
                &format!("Expect: 100-continue\r\n{CHUNKED}"),
                &format!("{n:x}\r\n{body}\r\n0\r\n\r\n"),
                Answered(201),
            ),
        ]
    })
    .await;
}

#[tokio::test]
async fn unread_bodies_do_not_desynchronise_the_connection() {
    try_all(|mallory| {
        let body = mallory.message();
        let (n, token) = (body.len(), mallory.authorization());
        let length = format!("Content-Length: {n}\r\n");
        let chat = |line: &str, rest: &str| format!("{line} HTTP/1.1\r\nHost: a\r\n{token}{rest}");
        let chats = "GET /api/v1/chats/get-chat";
        vec![
            post("no JSON", mallory, "Content-Length: 5\r\n", "hello", Answered(422)),
            post(
                "a request for a body",
                mallory,
                "Content-Length: 18\r\n",
                "GET / HTTP/1.1\r\n\r\n",
                Answered(422),
            ),
            post(
                "half of it",
                mallory,
                &format!("Content-Length: {}\r\n", n / 2),
                &body[..n / 2],
                Answered(422),
            ),
            raw("a body of GET", chat(chats, "Content-Length: 5\r\n\r\nhello"), Answered(200)),
            raw(
                "chunks of GET",
                chat(chats, "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
                Answered(200),
            ),
            raw(
                "a body of a method that there is not",
                chat("PATCH /api/v1/chats/get-chat", &format!("{length}\r\n{body}")),
                Answered(405),
            ),
            raw(
                "a body to no route",
                chat("POST /api/v1/chats/x", &format!("{length}\r\n{body}")),
                Answered(404),
            ),
            raw("a body to nobody", chat("POST /nowhere", &format!("{length}\r\n{body}")), Answered(404)),
            raw("a body to the gateway", chat("GET /livez", "Content-Length: 5\r\n\r\nhello"), Answered(200)),
        ]
    })
    .await;
}
