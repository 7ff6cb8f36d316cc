//! Framing: `Content-Length` and `Transfer-Encoding`.

use super::Outcome::{Last, Refused, Served};
use super::{Case, post, try_all};

const CHUNKED: &str = "5\r\nhello\r\n0\r\n\r\n";

#[tokio::test]
async fn an_invalid_content_length_is_refused() {
    let sizes = [
        ("two that differ", "Content-Length: 5\r\nContent-Length: 6\r\n"),
        ("twice the same", "Content-Length: 5\r\nContent-Length: 5\r\n"),
        ("twice, in another case", "Content-Length: 5\r\ncontent-length: 0\r\n"),
        ("a list of the same", "Content-Length: 5, 5\r\n"),
        ("a list", "Content-Length: 5,6\r\n"),
        ("negative", "Content-Length: -5\r\n"),
        ("a plus", "Content-Length: +5\r\n"),
        ("hexadecimal", "Content-Length: 0x5\r\n"),
        ("hexadecimal digits", "Content-Length: a\r\n"),
        ("two numbers", "Content-Length: 5 5\r\n"),
        ("empty", "Content-Length:\r\n"),
        ("a fraction", "Content-Length: 5.0\r\n"),
        ("an exponent", "Content-Length: 5e0\r\n"),
        ("a parameter", "Content-Length: 5;\r\n"),
        ("quotes", "Content-Length: \"5\"\r\n"),
        ("more than 64 bits", "Content-Length: 18446744073709551621\r\n"),
        ("digits that are not ASCII", "Content-Length: \u{665}\r\n"),
        ("a form feed", "Content-Length: 5\u{c}\r\n"),
        ("space before the colon", "Content-Length : 5\r\n"),
        ("an underscore", "Content_Length: 5\r\n"),
    ];
    try_all(sizes.map(|(name, headers)| post("RFC 9110, 8.6", name, headers, "hello", Refused(400)))).await;
}

#[tokio::test]
async fn a_transfer_coding_other_than_chunked_alone_is_refused() {
    let codings = [
        ("empty", "Transfer-Encoding:\r\n"),
        ("identity", "Transfer-Encoding: identity\r\n"),
        ("unknown", "Transfer-Encoding: xchunked\r\n"),
        ("cut short", "Transfer-Encoding: chunke\r\n"),
        ("twice in a list", "Transfer-Encoding: chunked, chunked\r\n"),
        ("not the last", "Transfer-Encoding: chunked, identity\r\n"),
        ("not the first", "Transfer-Encoding: identity, chunked\r\n"),
        ("after another", "Transfer-Encoding: gzip, chunked\r\n"),
        ("a comma", "Transfer-Encoding: ,chunked\r\n"),
        ("a parameter", "Transfer-Encoding: chunked;q=1\r\n"),
        ("quotes", "Transfer-Encoding: \"chunked\"\r\n"),
        ("twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        ("and another", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
        ("and another before", "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n"),
        ("a vertical tab", "Transfer-Encoding: \u{b}chunked\r\n"),
        ("a byte that is not ASCII", "Transfer-Encoding: chunked\u{a0}\r\n"),
        ("space before the colon", "Transfer-Encoding : chunked\r\n"),
        ("a fold", "Transfer-Encoding:\r\n chunked\r\n"),
        ("in a fold", "X: y\r\n Transfer-Encoding: chunked\r\n"),
        ("an underscore", "Transfer_Encoding: chunked\r\n"),
    ];
    try_all(codings.map(|(name, headers)| post("RFC 9112, 6.1", name, headers, CHUNKED, Refused(400)))).await;
}

#[tokio::test]
async fn content_length_with_transfer_encoding_is_refused() {
    let rfc = "RFC 9112, 6.3";
    let one_zero = |name, headers: &str| Case {
        rfc: "RFC 9112, 6.1",
        name,
        sent: format!("POST /api/v1/messages/add-message HTTP/1.0\r\n{{auth}}{headers}\r\n{CHUNKED}"),
        outcome: Refused(400),
    };
    let length = "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n";
    let coding = "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n";
    try_all([
        post(rfc, "CL.TE", length, "0\r\n\r\nG", Refused(400)),
        post(rfc, "TE.CL", coding, "5c\r\nGPOST / HTTP/1.1\r\n\r\n0\r\n\r\n", Refused(400)),
        post(rfc, "no length", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", CHUNKED, Refused(400)),
        post(
            rfc,
            "in lower case",
            "content-length: 5\r\ntransfer-encoding: CHUNKED\r\n",
            CHUNKED,
            Refused(400),
        ),
        post(rfc, "identity", "Content-Length: 5\r\nTransfer-Encoding: identity\r\n", "hello", Refused(400)),
        post(
            rfc,
            "an underscore",
            "Content-Length: 5\r\nTransfer_Encoding: chunked\r\n",
            CHUNKED,
            Refused(400),
        ),
        one_zero("a coding in HTTP/1.0", "Transfer-Encoding: chunked\r\n"),
        one_zero("a coding in HTTP/1.0, with a length", length),
    ])
    .await;
}

#[tokio::test]
async fn a_websocket_upgrade_with_a_body_is_refused() {
    let rfc = "RFC 9110, 7.8";
    let lengths = ["Upgrade: websocket\r\nConnection: upgrade\r\n", "Upgrade: h2c, WebSocket\r\n"];
    let cases = lengths.map(|upgrade| {
        post(
            rfc,
            "a WebSocket with a length",
            &format!("{upgrade}Content-Length: 5\r\n"),
            "hello",
            Refused(400),
        )
    });
    try_all(cases).await;
    let h2c = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    try_all([post(
        rfc,
        "an upgrade that is passed over",
        &format!("{h2c}Content-Length: 5\r\n"),
        "hello",
        Last("hello"),
    )])
    .await;
}

#[tokio::test]
async fn framing_headers_named_by_connection_still_count() {
    let rfc = "RFC 9110, 7.6.1";
    try_all([
        post(
            rfc,
            "a length",
            "Connection: Content-Length\r\nContent-Length: 5\r\n",
            "hello",
            Served("hello"),
        ),
        post(
            rfc,
            "a coding",
            "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n",
            CHUNKED,
            Served("hello"),
        ),
        post(rfc, "a host", "Connection: Host\r\nContent-Length: 5\r\n", "hello", Served("hello")),
    ])
    .await;
}
