//! Header fields, and what they say of the connection.

use super::case::Outcome::{Answered, Last};
use super::case::{get, post, raw};
use super::try_all;

const H2C: &str = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";

#[tokio::test]
async fn malformed_fields_are_refused() {
    let fields = [
        ("space before the colon", "X : y\r\n"),
        ("a tab before the colon", "X\t: y\r\n"),
        ("no colon", "X\r\n"),
        ("no name", ": y\r\n"),
        ("a fold", "X: y\r\n z\r\n"),
        ("a fold with a tab", "X: y\r\n\tz: 1\r\n"),
        ("CR in a value", "X: y\rZ: 1\r\n"),
        ("CR in a name", "X\rY: 1\r\n"),
        ("CR before the end", "X: y\r\r\n"),
        ("a space in a name", "X Y: z\r\n"),
        ("a parenthesis in a name", "X(: y\r\n"),
        ("an underscore in a name", "X_Real_IP: 127.0.0.1\r\n"),
        ("NUL in a name", "X\0: y\r\n"),
        ("a control character in a name", "X\u{1}: y\r\n"),
        ("a name that is not ASCII", "X\u{e9}: y\r\n"),
        ("NUL in a value", "X: a\0b\r\n"),
        ("a control character in a value", "X: a\u{1}b\r\n"),
        ("DEL in a value", "X: a\u{7f}b\r\n"),
    ];
    try_all(|mallory| {
        let refused =
            fields.map(|(name, field)| get(name, mallory, &format!("Host: a\r\n{field}"), Last(400)));
        let many = |count| format!("Host: a\r\n{}", "X: y\r\n".repeat(count));
        refused
            .into_iter()
            .chain([
                get("200 fields", mallory, &many(200), Last(431)),
                get("90 fields", mallory, &many(90), Last(431)),
                get("80 fields", mallory, &many(80), Answered(200)),
                get(
                    "a field of 256 KiB",
                    mallory,
                    &format!("Host: a\r\nX: {}\r\n", "y".repeat(0x4_0000)),
                    Last(431),
                ),
            ])
            .collect()
    })
    .await;
}

#[tokio::test]
async fn unusual_but_valid_fields_are_accepted() {
    let fields = [
        ("every character of a token", "!#$%&'*+-.^`|~09aZ: y\r\n"),
        ("a value that is not ASCII", "X: \u{e9}\r\n"),
        ("no space around a value", "X:y\r\n"),
        ("tabs around a value", "X:\ty\t\r\n"),
        ("an empty value", "X:\r\n"),
        ("an expectation that nobody knows", "Expect: x\r\n"),
        ("a word to keep the connection", "Connection: keep-alive\r\nKeep-Alive: timeout=1\r\n"),
        ("TE", "Connection: TE\r\nTE: trailers, gzip\r\n"),
        ("a host of this connection", "Connection: Host\r\n"),
        ("an id of this connection", "Connection: X-Request-Id\r\nX-Request-Id: mine\r\n"),
        ("nothing of this connection", "Connection: , ,\r\n"),
        ("who it comes from", "X-Forwarded-For: 127.0.0.1\r\nForwarded: for=127.0.0.1\r\nX-Real-IP: ::1\r\n"),
        ("a length of nothing", "Content-Length: 0\r\n"),
    ];
    try_all(|mallory| {
        fields
            .map(|(name, field)| get(name, mallory, &format!("Host: a\r\n{field}"), Answered(200)))
            .into_iter()
            // The server's library closes after a request that asks for another protocol.
            .chain([get("h2c", mallory, &format!("Host: a\r\n{H2C}"), Last(200))])
            .collect()
    })
    .await;
}

#[tokio::test]
async fn a_request_is_authenticated_by_its_own_token_only() {
    try_all(|mallory| {
        let (body, token) = (mallory.message(), mallory.authorization());
        let length = format!("Content-Length: {}\r\n", body.len());
        let line = "GET /api/v1/chats/get-chat HTTP/1.1\r\nHost: a\r\n";
        let with = |fields: &str| format!("{line}{fields}\r\n");
        let message = |fields: &str| format!("{fields}{length}");
        vec![
            raw("no token", with(""), Answered(401)),
            raw("no token in a bearer", with("Authorization: Bearer\r\n"), Answered(401)),
            raw("a token that is none", with("Authorization: Bearer x.y.z\r\n"), Answered(401)),
            raw("a token that was cut", with(&token.replace("\r\n", "x\r\n")), Answered(401)),
            raw("another scheme", with("Authorization: Basic bWFsbG9yeTp4\r\n"), Answered(401)),
            raw("the scheme in capitals", with(&token.replace("Bearer", "BEARER")), Answered(200)),
            raw(
                "a token of this connection alone",
                with(&format!("Connection: Authorization\r\n{token}")),
                Answered(401),
            ),
            raw(
                "no token, and a body",
                format!("POST /api/v1/messages/add-message HTTP/1.1\r\nHost: a\r\n{length}\r\n{body}"),
                Answered(401),
            ),
            // The server takes all that follows for what is said to the WebSocket.
            get(
                "a WebSocket",
                mallory,
                "Host: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n",
                Last(200),
            ),
            get("as it was asked last", mallory, "Host: a\r\nConnection: close\r\n", Last(200)),
            get("last, among others", mallory, "Host: a\r\nConnection: x, Close\r\n", Last(200)),
            post(
                "a type of this connection alone",
                mallory,
                &message("Connection: Content-Type\r\nContent-Type: text/plain\r\n"),
                &body,
                Answered(201),
            ),
            post(
                "a length of this connection alone",
                mallory,
                &message("Connection: Content-Length\r\n"),
                &body,
                Answered(201),
            ),
            post("a wrong type", mallory, &message("Content-Type: text/plain\r\n"), &body, Answered(415)),
        ]
    })
    .await;
}
