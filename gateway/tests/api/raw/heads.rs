//! Request lines and header fields.

use super::Outcome::{Refused, Served};
use super::{Case, GET, get, try_all};
use crate::app::{authorization, spawn_before};
use crate::wire::status;
use shared_test_kit::unreachable_url;

#[tokio::test]
async fn a_malformed_request_line_is_refused() {
    let lines = [
        ("RFC 9110, 9.1", "a method that is no token", "GE(T / HTTP/1.1", 400),
        ("RFC 9110, 9.1", "a method in lower case", "get / HTTP/1.1", 501),
        ("RFC 9110, 9.1", "a method that nobody knows", "SMUGGLE / HTTP/1.1", 501),
        ("RFC 9110, 9.3.8", "TRACE", "TRACE / HTTP/1.1", 501),
        ("RFC 9110, 9.3.6", "CONNECT", "CONNECT a:80 HTTP/1.1", 501),
        ("RFC 9112, 3", "no method", " / HTTP/1.1", 400),
        ("RFC 9112, 3", "no target", "GET HTTP/1.1", 400),
        ("RFC 9112, 3", "no version", "GET /", 400),
        ("RFC 9112, 3", "space before the method", " GET / HTTP/1.1", 400),
        ("RFC 9112, 3", "two spaces", "GET  / HTTP/1.1", 400),
        ("RFC 9112, 3", "a tab", "GET\t/ HTTP/1.1", 400),
        ("RFC 9112, 3", "space after the version", "GET / HTTP/1.1 ", 400),
        ("RFC 9112, 3.2", "a space in the target", "GET /a b HTTP/1.1", 400),
        ("RFC 9112, 3.2", "NUL in the target", "GET /a\0b HTTP/1.1", 400),
        ("RFC 9112, 3.2", "CR in the target", "GET /a\rb HTTP/1.1", 400),
        ("RFC 9112, 3.2.3", "an authority for another method than CONNECT", "GET a:80 HTTP/1.1", 400),
        ("RFC 9112, 3.2.4", "an asterisk for another method than OPTIONS", "GET * HTTP/1.1", 400),
        ("RFC 9112, 2.3", "a version to come", "GET / HTTP/1.2", 400),
        ("RFC 9112, 2.3", "HTTP/2", "PRI * HTTP/2.0", 400),
        ("RFC 9112, 2.3", "two digits", "GET / HTTP/1.10", 400),
        ("RFC 9112, 2.3", "no dot", "GET / HTTP/11", 400),
        ("RFC 9112, 2.3", "a version in lower case", "GET / http/1.1", 400),
        ("RFC 9112, 2.3", "another protocol", "GET / HTTPS/1.1", 400),
    ];
    let cases = lines.map(|(rfc, name, line, status)| Case {
        rfc,
        name,
        sent: format!("{line}\r\nHost: a\r\n{{auth}}\r\n"),
        outcome: Refused(status),
    });
    try_all(cases).await;
}

#[tokio::test]
async fn a_malformed_header_is_refused() {
    let fields = [
        ("RFC 9112, 5.1", "space before the colon", "X : y\r\n"),
        ("RFC 9112, 5.1", "a tab before the colon", "X\t: y\r\n"),
        ("RFC 9112, 5", "no colon", "X\r\n"),
        ("RFC 9112, 5", "no name", ": y\r\n"),
        ("RFC 9112, 5.2", "a fold", "X: y\r\n z\r\n"),
        ("RFC 9112, 5.2", "a fold with a tab", "X: y\r\n\tz: 1\r\n"),
        ("RFC 9112, 2.2", "CR in a value", "X: y\rZ: 1\r\n"),
        ("RFC 9112, 2.2", "CR in a name", "X\rY: 1\r\n"),
        ("RFC 9112, 2.2", "CR before the end", "X: y\r\r\n"),
        ("RFC 9110, 5.1", "a space in a name", "X Y: z\r\n"),
        ("RFC 9110, 5.1", "a parenthesis in a name", "X(: y\r\n"),
        ("RFC 9110, 5.1", "NUL in a name", "X\0: y\r\n"),
        ("RFC 9110, 5.1", "a control character in a name", "X\u{1}: y\r\n"),
        ("RFC 9110, 5.1", "a name that is not ASCII", "X\u{e9}: y\r\n"),
        ("RFC 9110, 5.5", "NUL in a value", "X: a\0b\r\n"),
        ("RFC 9110, 5.5", "a control character in a value", "X: a\u{1}b\r\n"),
        ("RFC 9110, 5.5", "DEL in a value", "X: a\u{7f}b\r\n"),
    ];
    let host = "Host: a\r\n";
    try_all(fields.map(|(rfc, name, field)| get(rfc, name, &format!("{host}{field}"), Refused(400)))).await;
    let before = |name, field| Case {
        rfc: "RFC 9112, 2.2",
        name,
        sent: format!("{GET}{field}Host: a\r\n{{auth}}\r\n"),
        outcome: Refused(400),
    };
    try_all([before("space before the first field", " X: y\r\n"), before("a line of spaces", "  \r\n")])
        .await;
}

#[tokio::test]
async fn an_oversized_head_is_refused() {
    let many = "X: y\r\n".repeat(200);
    let some = "X: y\r\n".repeat(90);
    let rfc = "RFC 9110, 5.4";
    try_all([
        get(rfc, "more fields than the server takes", &format!("Host: a\r\n{many}"), Refused(431)),
        get(rfc, "more fields than a service takes", &format!("Host: a\r\n{some}"), Refused(431)),
    ])
    .await;
    // Without an end, so that it is refused by its length.
    let gateway = spawn_before(&unreachable_url());
    let mut wire = gateway.wire().await;
    wire.try_say(format!("{GET}Host: a\r\nX: {}", "y".repeat(0x4_0000)).as_bytes()).await;
    assert_eq!(status(&wire.head().await), 431);
    assert_eq!(wire.rest().await, "");
}

#[tokio::test]
async fn a_tolerated_head_reaches_the_service_as_one_plain_request() {
    let bare = format!("{GET}Host: a\r\n{{auth}}X: y\r\n\r\n").replace("\r\n", "\n");
    let sent = |rfc, name, sent: String| Case { rfc, name, sent, outcome: Served("") };
    try_all([
        sent("RFC 9112, 2.2", "LF for the ends of lines", bare),
        sent("RFC 9112, 2.2", "empty lines before", format!("\r\n\r\n{GET}Host: a\r\n{{auth}}\r\n")),
        sent(
            "RFC 9110, 5.5",
            "bytes that are not ASCII in a value",
            format!("{GET}Host: a\r\nX: \u{e9}\r\n{{auth}}\r\n"),
        ),
        sent(
            "RFC 9112, 5.1",
            "no space, and tabs, around a value",
            format!("{GET}Host:a\r\nX:\ty\t\r\n{{auth}}\r\n"),
        ),
        sent(
            "RFC 9110, 10.1.1",
            "an expectation that nobody knows",
            format!("{GET}Host: a\r\nExpect: x\r\n{{auth}}\r\n"),
        ),
        sent(
            "RFC 9110, 7.1",
            "a fragment",
            "GET /api/v1/chats/x#/../y HTTP/1.1\r\nHost: a\r\n{auth}\r\n".to_owned(),
        ),
    ])
    .await;
}

#[tokio::test]
async fn bytes_that_are_not_http_are_refused() {
    let gateway = spawn_before(&unreachable_url());
    for sent in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"\xff\xfe\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
    ] {
        let mut wire = gateway.wire().await;
        wire.try_say(sent).await;
        assert_eq!(status(&wire.head().await), 400, "{sent:?}");
        wire.try_say(format!("GET /health HTTP/1.1\r\nHost: a\r\n{}\r\n", authorization()).as_bytes()).await;
        assert_eq!(wire.rest().await, "");
    }
}
