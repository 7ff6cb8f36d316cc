//! HTTP/1.1 requests on a keep-alive connection, at a low CPU cost.

use crate::failure::Failure;
use futures_util::future::poll_fn;
use hyper::body::Body as _;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use reqwest::Url;
use std::net::SocketAddr;
use std::pin::Pin;
use tokio::net::TcpStream;

/// A request that is sent repeatedly.
#[derive(Debug, Clone)]
pub(crate) struct RequestTemplate {
    method: Method,
    path: Uri,
    headers: HeaderMap,
    body: String,
}

/// A connection that is kept alive for the next request.
#[derive(Debug)]
pub(crate) struct Connection(SendRequest<String>);

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    /// The connection was refused.
    #[error("not connected: {0}")]
    NotConnected(#[from] std::io::Error),
    /// The connection broke.
    #[error("broken off: {0}")]
    BrokenOff(#[from] hyper::Error),
}

impl RequestTemplate {
    /// GET of a path.
    pub(crate) fn get(path: &str, token: &str) -> Result<Self, Failure> {
        Self::new(Method::GET, path, token, String::new())
    }

    /// POST of a body of JSON.
    pub(crate) fn post(path: &str, token: &str, body: String) -> Result<Self, Failure> {
        Self::new(Method::POST, path, token, body)
    }

    /// PUT of a body of JSON.
    pub(crate) fn put(path: &str, token: &str, body: String) -> Result<Self, Failure> {
        Self::new(Method::PUT, path, token, body)
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

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, RequestError> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
        // An error is reported by the request.
        tokio::task::spawn_local(async move { drop(driver.await) });
        Ok(Self(sender))
    }

    /// Whether another request can be sent.
    pub(crate) fn is_open(&self) -> bool {
        !self.0.is_closed()
    }

    /// Sends a request, and reads the response to its end.
    pub(crate) async fn send(&mut self, template: &RequestTemplate) -> Result<StatusCode, RequestError> {
        self.0.ready().await?;
        let answer = self.0.send_request(template.request()).await?;
        let status = answer.status();
        let mut body = answer.into_body();
        while let Some(piece) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            piece?;
        }
        Ok(status)
    }
}

/// The socket address of a base URL, whose host is an IP address.
pub(crate) fn socket_address(base: &Url) -> Result<SocketAddr, Failure> {
    let address = base.socket_addrs(|| None).ok().and_then(|addresses| addresses.first().copied());
    address.ok_or_else(|| Failure::new(format!("{base} has no address")))
}

/// Sends a request on the kept connection, or else on a new one.
pub(crate) async fn send(
    connection: &mut Option<Connection>,
    address: SocketAddr,
    template: &RequestTemplate,
) -> Result<StatusCode, RequestError> {
    let mut open = match connection.take().filter(Connection::is_open) {
        Some(open) => open,
        None => Connection::open(address).await?,
    };
    let status = open.send(template).await?;
    *connection = Some(open);
    Ok(status)
}
