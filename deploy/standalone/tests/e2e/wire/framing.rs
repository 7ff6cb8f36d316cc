//! How long a body is: the classics of request smuggling.

use super::case::Outcome::Last;
use super::case::{post, raw};
use super::try_all;

#[tokio::test]
async fn malformed_content_lengths_are_refused() {
    try_all(|mallory| {
        let body = mallory.message();
        let n = body.len();
        let lengths = [
            ("two that differ", format!("Content-Length: {n}\r\nContent-Length: 6\r\n")),
            ("twice the same", format!("Content-Length: {n}\r\nContent-Length: {n}\r\n")),
            ("twice, in another case", format!("Content-Length: {n}\r\ncontent-length: 0\r\n")),
            ("a list of the same", format!("Content-Length: {n}, {n}\r\n")),
            ("a list", format!("Content-Length: {n},6\r\n")),
            ("negative", format!("Content-Length: -{n}\r\n")),
            ("a plus", format!("Content-Length: +{n}\r\n")),
            ("hexadecimal", format!("Content-Length: 0x{n:x}\r\n")),
            ("two numbers", format!("Content-Length: {n} {n}\r\n")),
            ("no number", "Content-Length:\r\n".to_owned()),
            ("a fraction", format!("Content-Length: {n}.0\r\n")),
            ("an exponent", format!("Content-Length: {n}e0\r\n")),
            ("a parameter", format!("Content-Length: {n};\r\n")),
            ("quotes", format!("Content-Length: \"{n}\"\r\n")),
            ("more than 64 bits", "Content-Length: 18446744073709551621\r\n".to_owned()),
            ("digits that are not ASCII", "Content-Length: \u{665}\r\n".to_owned()),
            ("a form feed", format!("Content-Length: {n}\u{c}\r\n")),
            ("space before a length's colon", format!("Content-Length : {n}\r\n")),
            ("an underscore", format!("Content_Length: {n}\r\n")),
        ];
        lengths.iter().map(|(name, fields)| post(name, mallory, fields, &body, Last(400))).collect()
    })
    .await;
}

#[tokio::test]
async fn transfer_codings_other_than_chunked_are_refused() {
    let codings = [
        ("no coding", "Transfer-Encoding:\r\n"),
        ("identity", "Transfer-Encoding: identity\r\n"),
        ("a coding that nobody knows", "Transfer-Encoding: xchunked\r\n"),
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
    try_all(|mallory| {
        let body = mallory.message();
        let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        codings.map(|(name, fields)| post(name, mallory, fields, &chunked, Last(400))).into_iter().collect()
    })
    .await;
}

/// What is smuggled would make a chat, which is looked for.
#[tokio::test]
async fn content_length_beside_transfer_encoding_is_a_400() {
    try_all(|mallory| {
        let token = mallory.authorization();
        let smuggled = format!(
            "POST /api/v1/chats/create-chat HTTP/1.1\r\nHost: a\r\n{token}Content-Length: 18\r\n\r\n{{\"name\":\"smuggled\"}}"
        );
        let body = mallory.message();
        let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        let cl_te = format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n", 5 + smuggled.len());
        let te_cl = "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n";
        let in_chunk = format!("{:x}\r\n{smuggled}\r\n0\r\n\r\n", smuggled.len());
        let obfuscated = |fields: &str| format!("Content-Length: 4\r\n{fields}");
        let http10 = format!("POST /api/v1/messages/add-message HTTP/1.0\r\n{token}Transfer-Encoding: chunked\r\n\r\n{chunked}");
        vec![
            post("CL.TE", mallory, &cl_te, &format!("0\r\n\r\n{smuggled}"), Last(400)),
            post("TE.CL", mallory, te_cl, &in_chunk, Last(400)),
            post("CL.0", mallory, "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", &chunked, Last(400)),
            post("TE.TE", mallory, &obfuscated("Transfer-Encoding: chunked\r\nTransfer-encoding: x\r\n"), &in_chunk, Last(400)),
            post("TE.TE with a fold", mallory, &obfuscated("Transfer-Encoding\r\n : chunked\r\n"), &in_chunk, Last(400)),
            post("TE.TE with xchunked", mallory, &obfuscated("Transfer-Encoding: xchunked\r\n"), &in_chunk, Last(400)),
            post("TE.TE with a tab", mallory, &obfuscated("Transfer-Encoding:\tchunked\r\n"), &in_chunk, Last(400)),
            post("TE.TE after CR", mallory, &obfuscated("X: y\rTransfer-Encoding: chunked\r\n"), &in_chunk, Last(400)),
            post("TE.TE after LF", mallory, &obfuscated("X: y\nTransfer-Encoding: chunked\r\n"), &in_chunk, Last(400)),
            post("CL.TE in lower case", mallory, "content-length: 4\r\ntransfer-encoding: CHUNKED\r\n", &in_chunk, Last(400)),
            post("a WebSocket with a length", mallory, "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n", "hello", Last(400)),
            raw("a coding in HTTP/1.0", http10, Last(400)),
        ]
    })
    .await;
}
