//! Malformed and ambiguous heads of responses.

use super::Outcome::{Broken, Either, Refused, Whole};
use super::script::{answers, is_silent, says};
use super::{FINE, get, try_all};

#[tokio::test]
async fn bytes_that_are_no_response_spare_the_next_user() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let settings = b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\0\0\x04\x01\0\0\0\0";
    let go_away = b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x01\r\n\r\n";
    let alert = b"\x15\x03\x03\0\x02\x02\x28\r\n\r\n";
    let text_frame = b"\x81\x05stray\r\n\r\n";
    let noise: Vec<u8> = (0..=255).cycle().take(0x1000).collect();
    try_all([
        get("words", says("what?\r\n\r\n"), Refused),
        get("noise", says(noise), Refused),
        get("the preface of HTTP/2", says(preface), Refused),
        get("settings of HTTP/2", says(settings), Refused),
        get("GOAWAY of HTTP/2", says(go_away), Refused),
        get("an alert of TLS", says(alert), Refused),
        get("a frame of a WebSocket", says(text_frame), Refused),
        get("a greeting of SMTP", says("220 mail.example ESMTP\r\n"), Refused),
        get("a greeting of SSH", says("SSH-2.0-OpenSSH_9.9\r\n"), Refused),
        get("a page without a head", says("<html>fine</html>\r\n\r\n").closes(), Refused),
        get("a request", says("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Refused),
        get("empty lines without an end", says("").endlessly("\r\n"), Refused).with_short_timeouts(),
        get("nothing", is_silent(), Refused).with_short_timeouts(),
    ])
    .await;
}

#[tokio::test]
async fn a_malformed_status_line_spares_the_next_user() {
    let line = |line: &str| says(format!("{line}\r\nContent-Length: 4\r\n\r\nfine"));
    try_all([
        get("HTTP/2", line("HTTP/2 200 OK"), Refused),
        get("HTTP/2.0", line("HTTP/2.0 200 OK"), Refused),
        get("HTTP/0.9", line("HTTP/0.9 200 OK"), Refused),
        get("a version to come", line("HTTP/1.2 200 OK"), Refused),
        get("a version in lower case", line("http/1.1 200 OK"), Refused),
        get("no version", line("HTTP 200 OK"), Refused),
        get("another protocol", line("ICY 200 OK"), Refused),
        get("no status", line("HTTP/1.1"), Refused),
        get("a status of two digits", line("HTTP/1.1 20 OK"), Refused),
        get("a status of four digits", line("HTTP/1.1 2000 OK"), Refused),
        get("a status that is no number", line("HTTP/1.1 2OO OK"), Refused),
        get("a negative status", line("HTTP/1.1 -200 OK"), Refused),
        get("a status below 100", line("HTTP/1.1 099 OK"), Refused),
        get("two spaces", line("HTTP/1.1  200 OK"), Refused),
        get("a tab", line("HTTP/1.1\t200 OK"), Refused),
        get("space before it", line(" HTTP/1.1 200 OK"), Refused),
        get("NUL in the reason", line("HTTP/1.1 200 O\0K"), Refused),
        get("CR in the reason", line("HTTP/1.1 200 O\rK"), Refused),
        get("no reason", line("HTTP/1.1 200"), Whole("fine")),
        get("an empty reason", line("HTTP/1.1 200 "), Whole("fine")),
        get("empty lines before it", line("\r\n\r\nHTTP/1.1 200 OK"), Either("fine")),
    ])
    .await;
}

#[tokio::test]
async fn a_malformed_response_header_spares_the_next_user() {
    let field = |field: &str| answers(&format!("{field}\r\nContent-Length: 4\r\n"), "fine");
    let long = format!("X: {}", "y".repeat(0x20_0000));
    let many = "X: y\r\n".repeat(0x2000);
    try_all([
        get("a fold", field("X: a\r\n b"), Refused),
        get(
            "a length in a fold",
            answers("X: a\r\n Content-Length: 9\r\nContent-Length: 4\r\n", "fine"),
            Refused,
        ),
        get("space before the colon", field("X : a"), Refused),
        get("space before a length's colon", answers("Content-Length : 4\r\n", "fine"), Refused),
        get("no colon", field("X"), Refused),
        get("no name", field(": a"), Refused),
        get("a space in a name", field("X Y: a"), Refused),
        get("NUL in a name", field("X\0Y: a"), Refused),
        get("NUL in a value", field("X: a\0b"), Refused),
        get("CR in a value", field("X: a\rb"), Refused),
        get("a name that is not ASCII", field("X\u{e9}: a"), Refused),
        get("a value that is not ASCII", field("X: \u{e9}"), Whole("fine")),
        get("LF for the ends of lines", says(FINE.replace("\r\n", "\n")), Either("fine")),
        get("LF for the last line", says(FINE.replace("\r\n\r\n", "\r\n\n")), Either("fine")),
        get("a field that is too long", field(&long), Refused),
        get("too many fields", field(&many), Refused),
        get("a field without an end", says("HTTP/1.1 200 OK\r\nX: ").endlessly("yyyyyyyy"), Refused),
        get("fields without an end", says("HTTP/1.1 200 OK\r\n").endlessly("X: yyyy\r\n"), Refused),
        get(
            "headers of the connection",
            field("Keep-Alive: x\r\nConnection: X-One\r\nX-One: y"),
            Whole("fine"),
        ),
        get("a trailer that does not come", field("Trailer: X-Sum"), Whole("fine")),
    ])
    .await;
}

#[tokio::test]
async fn a_slow_response_spares_the_next_user() {
    let chunks = answers("Transfer-Encoding: chunked\r\n", "4\r\nfine\r\n0\r\nX-Sum: 1\r\n\r\n");
    try_all([
        get("with a length", says(FINE).trickled(), Whole("fine")),
        get("in chunks", chunks.trickled(), Whole("fine")),
        get(
            "after interim ones",
            says(format!("HTTP/1.1 100 Continue\r\n\r\n{FINE}")).trickled(),
            Whole("fine"),
        ),
        get("and more than it", says(format!("{FINE}stray")).trickled(), Whole("fine")),
        get("half a status line, and silence", says("HTTP/1.1 2").listens(), Refused).with_short_timeouts(),
        get("half a head, and silence", says("HTTP/1.1 200 OK\r\nX: y").listens(), Refused)
            .with_short_timeouts(),
        get("no body", answers("Content-Length: 4\r\n", "").listens(), Broken).with_short_timeouts(),
        get("half a chunk", answers("Transfer-Encoding: chunked\r\n", "4\r\nfi").listens(), Broken)
            .with_short_timeouts(),
    ])
    .await;
}
