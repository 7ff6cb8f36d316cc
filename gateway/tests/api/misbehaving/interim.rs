//! Interim responses (1xx), after which the final response still comes.

use super::Outcome::{Either, Refused, Whole};
use super::script::says;
use super::{FINE, RequestKind, get, try_all};

#[tokio::test]
async fn interim_responses_spare_the_next_user() {
    let before = |interim: &str| says(format!("{interim}{FINE}"));
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
    let all = format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n{hints}");
    try_all([
        get("100, unasked", before("HTTP/1.1 100 Continue\r\n\r\n"), Whole("fine")),
        get("100 to a body", before("HTTP/1.1 100 Continue\r\n\r\n"), Whole("fine"))
            .with_kind(RequestKind::Post),
        get("102", before("HTTP/1.1 102 Processing\r\n\r\n"), Whole("fine")),
        get("103", before(hints), Whole("fine")),
        get("a status that nobody knows", before("HTTP/1.1 199 Whatever\r\n\r\n"), Whole("fine")),
        get("one of each", before(&all), Whole("fine")),
        get("ten", before(&hints.repeat(10)), Whole("fine")),
        get("ten thousand", before(&hints.repeat(10_000)), Either("fine")),
        get("without an end", says("").endlessly(hints), Refused).with_short_timeouts(),
        get("and the end", says(hints).closes(), Refused),
        get("and silence", says(hints).listens(), Refused).with_short_timeouts(),
        get("and half an answer", says(format!("{hints}HTTP/1.1 200 OK\r\nX")).closes(), Refused),
    ])
    .await;
}

#[tokio::test]
async fn interim_responses_with_a_body_spare_the_next_user() {
    let stray = "Content-Length: 5\r\n\r\nstray";
    try_all([
        get("a body", says(format!("HTTP/1.1 100 Continue\r\n{stray}{FINE}")), Refused),
        get(
            "a length without a body",
            says(format!("HTTP/1.1 103 X\r\nContent-Length: 4\r\n\r\n{FINE}")),
            Whole("fine"),
        ),
        get(
            "a word to close",
            says(format!("HTTP/1.1 100 X\r\nConnection: close\r\n\r\n{FINE}")),
            Whole("fine"),
        ),
        get("a broken field", says(format!("HTTP/1.1 103 X\r\nX : y\r\n\r\n{FINE}")), Refused),
    ])
    .await;
}

#[tokio::test]
async fn an_unrequested_protocol_switch_spares_the_next_user() {
    let upgrade = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    try_all([
        get("a WebSocket", says(upgrade), Refused),
        get("and frames of it", says(upgrade).then(b"\x81\x05stray"), Refused),
        get("and an answer", says(format!("{upgrade}{FINE}")), Refused),
        get(
            "h2c",
            says("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n").then(b"\0\0\0\x04"),
            Refused,
        ),
        get("which it does not say", says(format!("HTTP/1.1 101 X\r\n\r\n{FINE}")), Refused),
        get("to a body", says(upgrade), Refused).with_kind(RequestKind::Post),
    ])
    .await;
}
