//! A server of chat completions whose responses a test writes piece by piece.

use reqwest::Url;
use serde_json::{Value, json};
use std::io::Write as _;
use std::time::Duration;
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// How long a request, or the end of a connection, is waited for.
const WAIT_TIMEOUT: Duration = Duration::from_secs(30);
/// The head of a response that ends with its connection.
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/// A model server. It takes a request when the test asks for the next one.
#[derive(Debug)]
pub struct ScriptedModel {
    listener: TcpListener,
    base_url: Url,
}

/// A response that the test writes.
#[derive(Debug)]
pub struct ScriptedResponse {
    /// The body of the request, as it came.
    pub request: String,
    stream: TcpStream,
    has_head: bool,
}

impl ScriptedModel {
    /// A model server on a free port.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let base_url = format!("http://{address}/v1").parse().expect("an address is a URL");
        Self { listener, base_url }
    }

    /// A `MODELS_FILE` with this model alone; `fields` are further lines of its entry.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn models_file(&self, fields: &str) -> NamedTempFile {
        let mut file = NamedTempFile::new().expect("a temporary file");
        let entry = format!(
            "[[models]]\nname = \"scripted\"\nbase_url = \"{}\"\ncontext_window = 100_000\n{fields}\n",
            self.base_url
        );
        file.write_all(entry.as_bytes()).expect("a temporary file takes some bytes");
        file
    }

    /// The next request, for whose response nothing is written yet.
    ///
    /// # Panics
    /// If none comes in time.
    pub async fn next_request(&self) -> ScriptedResponse {
        let next = async {
            loop {
                let (mut stream, _) = self.listener.accept().await.expect("a connection");
                // A client may connect and leave.
                if let Some(request) = read_body(&mut stream).await {
                    return ScriptedResponse { request, stream, has_head: false };
                }
            }
        };
        timeout(WAIT_TIMEOUT, next).await.expect("the model is asked in time")
    }
}

impl ScriptedResponse {
    /// The body of the request.
    ///
    /// # Panics
    /// If it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.request).expect("a request has a JSON body")
    }

    /// Writes a piece of the response. The client may be gone.
    pub async fn say(&mut self, text: &str) {
        self.write(&event(&json!({"choices": [{"delta": {"content": text}}]}))).await;
    }

    /// Writes the end of the response, and closes the connection. The client may be gone.
    pub async fn finish(&mut self) {
        let end = event(&json!({"choices": [{"delta": {}, "finish_reason": "stop"}]}));
        self.write(&format!("{end}data: [DONE]\n\n")).await;
        drop(self.stream.shutdown().await);
    }

    /// Waits until the client has closed the connection.
    ///
    /// # Panics
    /// If it does not in time.
    pub async fn closed(&mut self) {
        let closed = async { while matches!(self.stream.read(&mut [0; 64]).await, Ok(1..)) {} };
        timeout(WAIT_TIMEOUT, closed).await.expect("the client closes the connection in time");
    }

    async fn write(&mut self, text: &str) {
        let head = if self.has_head { "" } else { HEAD };
        self.has_head = true;
        drop(self.stream.write_all(format!("{head}{text}").as_bytes()).await);
    }
}

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

/// The body of a request with a `Content-Length`; `None` if the client leaves before its end.
async fn read_body(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
        // Of bytes that are no text, some may be missing yet.
        if body.len() >= length.parse::<usize>().ok()? {
            return Some(body.to_owned());
        }
    }
}
