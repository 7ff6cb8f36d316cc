//! One question after the other on a connection of its own, as cheap as that can be.

use crate::traffic::Failure;
use futures_util::future::poll_fn;
use hyper::body::Body as _;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::pin::Pin;
use tokio::net::TcpStream;

/// What is asked, over and over.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    method: Method,
    path: Uri,
    headers: HeaderMap,
    body: String,
}

/// A connection that is kept for the next question.
#[derive(Debug)]
pub(crate) struct Line(SendRequest<String>);

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Silence {
    /// Nobody took the connection.
    #[error("not connected: {0}")]
    NotConnected(#[from] std::io::Error),
    /// The connection broke.
    #[error("broken off: {0}")]
    BrokenOff(#[from] hyper::Error),
}

impl Question {
    /// GET of a path.
    pub(crate) fn get(path: &str, token: &str) -> Result<Self, Failure> {
        Self::new(Method::GET, path, token, String::new())
    }

    /// POST of a body of JSON.
    pub(crate) fn post(path: &str, token: &str, body: String) -> Result<Self, Failure> {
        Self::new(Method::POST, path, token, body)
    }

    fn new(method: Method, path: &str, token: &str, body: String) -> Result<Self, Failure> {
        let path = path.parse().map_err(|error| Failure::new(format!("{path} is no path: {error}")))?;
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("banyan"));
        if !token.is_empty() {
            let token = HeaderValue::try_from(format!("Bearer {token}"));
            headers.insert(AUTHORIZATION, token.map_err(|_| Failure::new("a token that is no text"))?);
        }
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Ok(Self { method, path, headers, body })
    }

    fn request(&self) -> Request<String> {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.path.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

impl Line {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, Silence> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, work) = http1::handshake(TokioIo::new(stream)).await?;
        // How it ends is told to who asks.
        tokio::task::spawn_local(async move { drop(work.await) });
        Ok(Self(sender))
    }

    /// Whether another question can be asked.
    pub(crate) fn is_open(&self) -> bool {
        !self.0.is_closed()
    }

    /// Asks, and reads the answer to its end.
    pub(crate) async fn ask(&mut self, question: &Question) -> Result<StatusCode, Silence> {
        self.0.ready().await?;
        let answer = self.0.send_request(question.request()).await?;
        let status = answer.status();
        let mut body = answer.into_body();
        while let Some(piece) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            piece?;
        }
        Ok(status)
    }
}

/// Asks on the connection that is left from before, or else on a new one.
pub(crate) async fn ask(
    line: &mut Option<Line>,
    address: SocketAddr,
    question: &Question,
) -> Result<StatusCode, Silence> {
    let mut open = match line.take().filter(Line::is_open) {
        Some(open) => open,
        None => Line::open(address).await?,
    };
    let status = open.ask(question).await?;
    *line = Some(open);
    Ok(status)
}
