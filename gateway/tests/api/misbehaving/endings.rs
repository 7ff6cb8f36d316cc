//! Connections of services that end early, or go on after their end.

use super::Outcome::{Broken, Refused, Whole};
use super::script::{Script, answers, is_silent, says};
use super::{FINE, RequestKind, STRAY, get, try_all};

const LENGTH: &str = "Content-Length: 4\r\n";
const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";

#[tokio::test]
async fn a_truncated_response_spares_the_next_user() {
    try_all([
        get("before it", Script::default().closes(), Refused),
        get("in the status line", says("HTTP/1.").closes(), Refused),
        get("after the status line", says("HTTP/1.1 200 OK\r\n").closes(), Refused),
        get("in a field", says("HTTP/1.1 200 OK\r\nContent-Le").closes(), Refused),
        get("before the empty line", says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n").closes(), Refused),
        get("in the empty line", says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r").closes(), Refused),
        get("before the body", answers(LENGTH, "").closes(), Broken),
        get("in the body", answers(LENGTH, "fin").closes(), Broken),
        get("before the first chunk", answers(CHUNKED, "").closes(), Broken),
        get("in the size of a chunk", answers(CHUNKED, "4").closes(), Broken),
        get("in a chunk", answers(CHUNKED, "4\r\nfi").closes(), Broken),
        get("after the data of a chunk", answers(CHUNKED, "4\r\nfine").closes(), Broken),
        get("before the last chunk", answers(CHUNKED, "4\r\nfine\r\n").closes(), Broken),
        get("in the last chunk", answers(CHUNKED, "4\r\nfine\r\n0").closes(), Broken),
        get("before the last line", answers(CHUNKED, "4\r\nfine\r\n0\r\n").closes(), Broken),
        get("in a trailer", answers(CHUNKED, "4\r\nfine\r\n0\r\nX-Su").closes(), Broken),
    ])
    .await;
}

#[tokio::test]
async fn a_reset_connection_spares_the_next_user() {
    try_all([
        get("before an answer", Script::default().resets(), Refused),
        get("in the head", says("HTTP/1.1 200 OK\r\nX: y").resets(), Refused),
        get("in the body", answers(LENGTH, "fi").resets(), Broken),
        get("in a chunk", answers(CHUNKED, "4\r\nfi").resets(), Broken),
        get("in a body up to the end", answers("", "fi").resets(), Broken),
        get("when it is idle", says(FINE).resets_late(), Whole("fine")),
        get("to a body that is not read", Script::default().resets().at_once(), Refused)
            .with_kind(RequestKind::UnfinishedPost),
    ])
    .await;
}

#[tokio::test]
async fn a_connection_that_closes_after_a_response_spares_the_next_user() {
    let http10 = |fields: &str| says(format!("HTTP/1.0 200 OK\r\n{fields}\r\nfine"));
    let last = |rest: &str| answers(&format!("Connection: close\r\n{LENGTH}"), &format!("fine{rest}"));
    try_all([
        get("as it says", last("").closes(), Whole("fine")),
        get("as it says, but goes on", last(""), Whole("fine")),
        get("as it says, and another answer", last(STRAY), Whole("fine")),
        get("as it says, and another answer late", last("").late(STRAY), Whole("fine")),
        get(
            "among other words",
            answers(&format!("Connection: x, CLOSE\r\n{LENGTH}"), "fine"),
            Whole("fine"),
        ),
        get(
            "in chunks",
            answers(&format!("Connection: close\r\n{CHUNKED}"), "4\r\nfine\r\n0\r\n\r\nX"),
            Whole("fine"),
        ),
        get("unsaid", says(FINE).closes(), Whole("fine")),
        get("unsaid and late", says(FINE).closes_late(), Whole("fine")),
        get("HTTP/1.0", http10(LENGTH), Whole("fine")),
        get("HTTP/1.0, and another answer", http10(LENGTH).then(STRAY), Whole("fine")),
        get("HTTP/1.0 that goes on", http10(&format!("Connection: keep-alive\r\n{LENGTH}")), Whole("fine")),
        get("HTTP/1.0 without a length", http10("").closes(), Whole("fine")),
        get("its end is the body's", answers("", "fine").closes(), Whole("fine")),
        get(
            "its end is the body's, in words",
            answers("Connection: close\r\n", "fine").closes(),
            Whole("fine"),
        ),
        get("its end does not come", answers("", "fine").listens(), Broken).with_short_timeouts(),
        get("its end is the body's, an answer in it", answers("", STRAY).closes(), Whole(STRAY)),
    ])
    .await;
}

#[tokio::test]
async fn a_response_before_the_request_was_read_spares_the_next_user() {
    let post = RequestKind::UnfinishedPost;
    let last = answers(&format!("Connection: close\r\n{LENGTH}"), "fine");
    try_all([
        get("with a length", says(FINE).at_once(), Whole("fine")).with_kind(post),
        get("in chunks", answers(CHUNKED, "4\r\nfine\r\n0\r\n\r\n").at_once(), Whole("fine")).with_kind(post),
        get("and the end", says(FINE).closes().at_once(), Whole("fine")).with_kind(post),
        get("and the end, as it says", last.closes().at_once(), Whole("fine")).with_kind(post),
        get("and another answer", says(format!("{FINE}{STRAY}")).at_once(), Whole("fine")).with_kind(post),
        get("and another answer late", says(FINE).late(STRAY).at_once(), Whole("fine")).with_kind(post),
        get("that is none", says("what?\r\n\r\n").at_once(), Refused).with_kind(post),
        get("which does not come", is_silent().at_once(), Refused)
            .with_kind(RequestKind::Post)
            .with_short_timeouts(),
    ])
    .await;
}
