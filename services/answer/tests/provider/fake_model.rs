//! A server of chat completions that answers as it is told. It runs on the test's own thread, so that time can be paused.

use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::yield_now;

/// What is sent to one request.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    bytes: Vec<u8>,
    then: Then,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Then {
    #[default]
    Close,
    /// Nothing more comes, and the connection stays.
    Stall,
    /// The next request may come through the same connection.
    Reuse,
}

impl Reply {
    /// A stream of these texts, as they are. It ends with the connection.
    pub fn raw_stream(text: &str) -> Self {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        Self { bytes: format!("{head}{text}").into_bytes(), then: Then::Close }
    }

    /// A stream with an event for each of these, and `[DONE]`.
    pub fn stream(chunks: &[Value]) -> Self {
        Self::raw_stream(&format!("{}data: [DONE]\n\n", events(chunks)))
    }

    /// A stream with an event for each of these, and no end.
    pub fn open_stream(chunks: &[Value]) -> Self {
        Self { then: Then::Stall, ..Self::raw_stream(&events(chunks)) }
    }

    /// A stream whose connection may be used again. Its last bytes come apart from the others.
    pub fn reusable(chunks: &[Value]) -> Self {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        let body = format!("{}data: [DONE]\n\n", events(chunks));
        Self { bytes: format!("{head}{:x}\r\n{body}\r\n", body.len()).into_bytes(), then: Then::Reuse }
    }

    /// A response with this status line, headers and body.
    pub fn with(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
        Self { bytes: format!("{head}{body}").into_bytes(), then: Then::Close }
    }

    /// An error with a JSON body.
    pub fn error(status: &str, body: &Value) -> Self {
        Self::with(status, "content-type: application/json\r\n", &body.to_string())
    }

    /// The connection is closed without a response.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Nothing comes at all.
    pub fn silence() -> Self {
        Self { then: Then::Stall, ..Self::default() }
    }

    /// The connection is cut after this many bytes.
    pub fn cut(mut self, bytes: usize) -> Self {
        self.bytes.truncate(bytes);
        self
    }

    /// Where this text begins.
    pub fn position(&self, text: &str) -> usize {
        String::from_utf8_lossy(&self.bytes).find(text).unwrap()
    }
}

fn events(chunks: &[Value]) -> String {
    chunks.iter().map(|chunk| ["data: ", &chunk.to_string(), "\n\n"].concat()).collect()
}

/// The server.
#[derive(Debug, Clone)]
pub struct FakeModel {
    pub base_url: String,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

impl FakeModel {
    /// Answers the requests with these, one after another, and further ones with the last.
    pub async fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let fake = Self { base_url, requests: Arc::default(), connections: Arc::default() };
        let (requests, connections) = (Arc::clone(&fake.requests), Arc::clone(&fake.connections));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(answer(stream, replies.clone(), Arc::clone(&requests)));
            }
        });
        fake
    }

    /// How many requests came.
    pub fn requests(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The body of the last request.
    pub fn last_body(&self) -> String {
        self.requests.lock().unwrap().last().unwrap().split_once("\r\n\r\n").unwrap().1.to_owned()
    }
}

async fn answer(mut stream: TcpStream, replies: Vec<Reply>, requests: Arc<Mutex<Vec<String>>>) {
    while let Some(request) = read_request(&mut stream).await {
        let number = {
            let mut requests = requests.lock().unwrap();
            requests.push(request);
            requests.len()
        };
        let reply = replies.get(number - 1).or(replies.last()).unwrap();
        stream.write_all(&reply.bytes).await.unwrap();
        match reply.then {
            Then::Close => return,
            // Until the client closes.
            Then::Stall => return drop(stream.read(&mut [0; 1]).await),
            Then::Reuse => {
                yield_now().await;
                stream.write_all(b"0\r\n\r\n").await.unwrap();
            }
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    loop {
        let mut bytes = [0; 4096];
        match stream.read(&mut bytes).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => request.extend_from_slice(&bytes[..count]),
        }
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.to_ascii_lowercase();
        let (_, length) = length.split_once("content-length: ").unwrap();
        let length: usize = length.lines().next().unwrap().parse().unwrap();
        if body.len() >= length {
            return Some(text);
        }
    }
}
