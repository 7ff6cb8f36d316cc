//! Tests of the stream.

use super::super::Connections;
use super::*;
use futures_util::FutureExt as _;
use std::future::poll_fn;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

const TIMEOUT: Duration = Duration::from_secs(60);

async fn connect() -> (TcpStream, RequestStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let socket = Rc::new(RefCell::new(listener.accept().await.unwrap().0));
    let connection = Rc::new(Connections::new(8, TaskTracker::new(), true).open());
    (client, RequestStream::new(socket, connection, TIMEOUT))
}

/// The bytes that are delivered next.
async fn next(stream: &mut RequestStream) -> String {
    let mut read = Vec::with_capacity(0x2000);
    stream.read_buf(&mut read).await.unwrap();
    String::from_utf8(read).unwrap()
}

async fn answer(stream: &mut RequestStream) {
    stream.connection.begin();
    assert_eq!(next(stream).now_or_never(), None, "it is not answered yet");
    stream.connection.end();
    assert_eq!(next(stream).now_or_never(), None, "its answer is not written yet");
    stream.flush().await.unwrap();
}

#[tokio::test]
async fn a_long_head_is_delivered_whole_wherever_its_end_is_cut() {
    for line_end in ["\r\n", "\n"] {
        let lines = ["GET / HTTP/1.1", "Host: a", &format!("X: {}", "a".repeat(3 * READ_BYTES)), "", ""];
        let head = lines.join(line_end);
        for cut in head.len() - 5..head.len() {
            let (mut client, mut stream) = connect().await;
            let (first, rest) = head.split_at(cut);
            client.write_all(first.as_bytes()).await.unwrap();
            while stream.held.len() < cut {
                let socket = Rc::clone(&stream.socket);
                poll_fn(|context| socket.borrow().poll_read_ready(context)).await.unwrap();
                assert_eq!(next(&mut stream).now_or_never(), None, "a part is delivered at {cut}");
            }
            client.write_all(rest.as_bytes()).await.unwrap();
            let mut given = String::new();
            while given.len() < head.len() {
                given += &next(&mut stream).await;
            }
            assert_eq!(given, head);
        }
    }
}

#[tokio::test]
async fn requests_are_delivered_one_at_a_time_and_heads_whole() {
    const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const POST: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    let (mut client, mut stream) = connect().await;
    client.write_all(format!("{GET}{POST}{GET}GET / HT").as_bytes()).await.unwrap();
    for expected in [GET, POST, GET] {
        assert_eq!(next(&mut stream).await, expected);
        assert!(!stream.connection.ends_after_response());
        answer(&mut stream).await;
    }
    assert_eq!(next(&mut stream).now_or_never(), None);
    client.write_all(b"TP/1.1\r\nHost: a\r\n\r\n}").await.unwrap();
    assert_eq!(next(&mut stream).await, GET);
    stream.connection.begin();
    assert_eq!(next(&mut stream).now_or_never(), None);
    assert!(stream.connection.ends_after_response(), "what follows is no request");
    assert_eq!(stream.held.as_ref(), b"}");
}

#[tokio::test]
async fn chunks_are_delivered_a_pass_after_their_head_and_end_where_they_are_malformed() {
    const HEAD: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (mut client, mut stream) = connect().await;
    client
        .write_all(format!("{HEAD}1\r\na\r\n0\r\n\r\n{HEAD}2\r\nbbb\r\n0\r\n\r\n").as_bytes())
        .await
        .unwrap();
    assert_eq!(next(&mut stream).await, HEAD);
    assert_eq!(next(&mut stream).now_or_never(), None, "the dispatcher looks at the head first");
    assert_eq!(next(&mut stream).await, "1\r\na\r\n0\r\n\r\n");
    answer(&mut stream).await;
    assert_eq!(next(&mut stream).await, HEAD);
    assert_eq!(next(&mut stream).now_or_never(), None);
    assert_eq!(next(&mut stream).await, "2\r\nbb");
    assert_eq!(next(&mut stream).await, "", "it ends there");
    assert!(stream.connection.ends_after_response());
}

#[tokio::test]
async fn an_idle_connection_has_no_buffer() {
    let (mut client, mut stream) = connect().await;
    client.write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(9).as_bytes()).await.unwrap();
    for _ in 0..9 {
        next(&mut stream).await;
        answer(&mut stream).await;
    }
    assert_eq!((next(&mut stream).now_or_never(), stream.held.capacity()), (None, 0));
}
