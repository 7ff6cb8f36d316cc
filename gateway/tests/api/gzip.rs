//! Compression of responses.

use crate::app::{TestGateway, authorization, spawn_before};
use crate::wire::{Wire, header, headers, status, upstream};
use flate2::read::GzDecoder;
use std::io::Read as _;

const PATH: &str = "/api/v1/messages/get-messages";

/// A gateway before a service that answers with these headers and, but for HEAD, this body.
async fn before(headers: &'static str, body: String) -> TestGateway {
    let service = upstream(move |mut wire| {
        let body = body.clone();
        async move {
            while let Some(asked) = wire.try_until("\r\n\r\n").await {
                let length = body.len();
                wire.say(&format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {length}\r\n\r\n")).await;
                if !asked.starts_with("HEAD") {
                    wire.try_say(body.as_bytes()).await;
                }
            }
        }
    })
    .await;
    spawn_before(&service)
}

fn json(length: usize) -> String {
    format!("\"{}\"", "banyan ".repeat(length / 7 + 1).get(..length - 2).unwrap())
}

async fn ask(gateway: &TestGateway, method: &str, sent: &str) -> (String, Wire) {
    let mut wire = gateway.wire().await;
    let connection = "Connection: close\r\n";
    wire.say(&format!("{method} {PATH} HTTP/1.1\r\nHost: a\r\n{connection}{sent}{}\r\n", authorization()))
        .await;
    let head = wire.head().await;
    (head, wire)
}

/// The bytes of a body in chunks.
async fn chunks(wire: &mut Wire) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let size = usize::from_str_radix(wire.until("\r\n").await.trim_end(), 16).unwrap();
        let chunk = wire.bytes(size + 2).await;
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

#[tokio::test]
async fn long_json_is_compressed_for_clients_that_accept_gzip() {
    for length in [1025, 3_000_000] {
        let media_type = "Content-Type: application/json; charset=utf-8\r\nETag: \"a\"\r\n";
        let gateway = before(media_type, json(length)).await;
        let (head, mut wire) = ask(&gateway, "GET", "Accept-Encoding: br;q=1, gzip;q=0.8\r\n").await;
        assert_eq!((status(&head), header(&head, "content-encoding")), (200, Some("gzip")), "{head}");
        assert_eq!(header(&head, "content-length"), None);
        assert_eq!(header(&head, "etag"), Some("W/\"a\""));
        assert!(headers(&head, "vary").contains(&"Accept-Encoding"), "{head}");
        let sent = chunks(&mut wire).await;
        assert!(sent.len() < length / 4, "{}", sent.len());
        let mut read = String::new();
        GzDecoder::new(sent.as_slice()).read_to_string(&mut read).unwrap();
        assert_eq!(read, json(length));
    }
}

#[tokio::test]
async fn other_clients_get_the_response_uncompressed() {
    let gateway = before("Content-Type: application/json\r\nETag: \"a\"\r\n", json(2000)).await;
    for sent in [
        "",
        "Accept-Encoding: br\r\n",
        "Accept-Encoding: gzip;q=0\r\n",
        "Accept-Encoding: identity, *;q=0\r\n",
    ] {
        let (head, mut wire) = ask(&gateway, "GET", sent).await;
        assert_eq!(header(&head, "content-encoding"), None, "{sent}");
        assert_eq!((header(&head, "content-length"), header(&head, "etag")), (Some("2000"), Some("\"a\"")));
        assert!(headers(&head, "vary").contains(&"Accept-Encoding"), "a cache must tell them apart");
        assert_eq!(wire.bytes(2000).await, json(2000).as_bytes());
    }
}

#[tokio::test]
async fn short_encoded_and_non_json_bodies_are_not_compressed() {
    for (kind, length) in [
        ("Content-Type: application/json\r\n", 1024),
        ("Content-Type: text/plain\r\n", 2000),
        ("Content-Type: application/json\r\nContent-Encoding: br\r\n", 2000),
        ("Content-Type: application/json\r\nContent-Range: bytes 0-1999/3000\r\n", 2000),
        ("", 2000),
    ] {
        let gateway = before(kind, json(length)).await;
        let (head, mut wire) = ask(&gateway, "GET", "Accept-Encoding: gzip\r\n").await;
        assert_ne!(header(&head, "content-encoding"), Some("gzip"), "{kind}");
        assert_eq!(header(&head, "content-length"), Some(length.to_string().as_str()), "{kind}");
        assert!(headers(&head, "vary").is_empty(), "{kind}");
        assert_eq!(wire.bytes(length).await, json(length).as_bytes());
    }
}

#[tokio::test]
async fn a_stream_of_events_is_not_compressed() {
    let gateway = before("Content-Type: text/event-stream\r\n", json(2000)).await;
    let (head, mut wire) = ask(&gateway, "GET", "Accept-Encoding: gzip\r\n").await;
    assert_eq!((status(&head), header(&head, "content-encoding")), (200, None));
    assert!(headers(&head, "vary").is_empty(), "{head}");
    assert_eq!(chunks(&mut wire).await, json(2000).as_bytes());
}

#[tokio::test]
async fn head_of_a_compressed_response_has_no_length() {
    let gateway = before("Content-Type: application/json\r\n", json(2000)).await;
    let (head, mut wire) = ask(&gateway, "HEAD", "Accept-Encoding: gzip\r\n").await;
    assert_eq!((status(&head), header(&head, "content-encoding")), (200, Some("gzip")));
    assert_eq!(header(&head, "content-length"), None);
    assert_eq!(wire.rest().await, "");
    let (head, mut wire) = ask(&gateway, "HEAD", "").await;
    assert_eq!((header(&head, "content-encoding"), header(&head, "content-length")), (None, Some("2000")));
    assert_eq!(wire.rest().await, "");
}

#[tokio::test]
async fn a_broken_compressed_response_does_not_look_complete() {
    let service = upstream(|mut wire| async move {
        wire.head().await;
        wire.say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2000\r\n\r\n\"").await;
    })
    .await;
    let gateway = spawn_before(&service);
    let mut wire = gateway.wire().await;
    wire.say(&format!("GET {PATH} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n{}\r\n", authorization()))
        .await;
    assert_eq!(wire.try_until("0\r\n\r\n").await, None);
}
