//! An HTTP client of raw bytes with a strict parser: an ambiguous response is an error.

use actix_web::web::BytesMut;
use reqwest::Url;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The time-out of a read, on a machine that is busy with other tests.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// A connection to a server.
#[derive(Debug)]
pub struct RawClient {
    stream: TcpStream,
    input: BytesMut,
}

/// A complete response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawAnswer {
    /// The status.
    pub status: u16,
    /// The status line and header fields, with the empty line.
    pub head: String,
    /// The body without its framing.
    pub body: Vec<u8>,
}

/// Why there is no complete response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RawError {
    /// The connection ended before the first byte of a response.
    #[error("the connection ended without an answer")]
    Ended,
    /// The connection ended within a response, after these bytes.
    #[error("the connection ended within an answer: {0:?}")]
    Incomplete(String),
    /// The response is not framed by the rules of RFC 9112 for senders.
    #[error("{0}")]
    Misframed(String),
}

/// The framing of a body.
enum Framing {
    Length(usize),
    Chunked,
}

impl RawClient {
    /// Connects to the server of a URL.
    ///
    /// # Panics
    /// If nobody listens there.
    pub async fn connect(url: &Url) -> Self {
        let address = (url.host_str().expect("a host"), url.port().expect("a port"));
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a socket without delay");
        Self { stream, input: BytesMut::new() }
    }

    /// Writes bytes, and returns whether that succeeded.
    ///
    /// # Panics
    /// If the server does not read for a minute.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let sent = timeout(READ_TIMEOUT, self.stream.write_all(bytes.as_ref())).await;
        sent.expect("the server reads").is_ok()
    }

    /// Closes the sending side.
    pub async fn finish(&mut self) {
        // The server may have closed the connection already.
        drop(self.stream.shutdown().await);
    }

    /// The next response to a request that is not HEAD.
    ///
    /// # Panics
    /// If nothing arrives for a minute.
    pub async fn answer(&mut self) -> Result<RawAnswer, RawError> {
        self.answer_to(false).await
    }

    /// The next response; that to HEAD has no body.
    ///
    /// # Panics
    /// If nothing arrives for a minute.
    pub async fn answer_to(&mut self, is_head: bool) -> Result<RawAnswer, RawError> {
        let head = self.until(b"\r\n\r\n").await?;
        let head = String::from_utf8_lossy(&head).into_owned();
        let (status, framing) = parse_head(&head).map_err(RawError::Misframed)?;
        let has_none = is_head || status < 200 || matches!(status, 204 | 304);
        let body = match framing {
            _ if has_none => Vec::new(),
            Some(Framing::Length(length)) => self.bytes(length).await?.to_vec(),
            Some(Framing::Chunked) => self.chunks().await?,
            None => return Err(RawError::Misframed(format!("a body without an end: {head:?}"))),
        };
        Ok(RawAnswer { status, head, body })
    }

    /// All further bytes until the connection ends.
    ///
    /// # Panics
    /// If nothing arrives for a minute.
    pub async fn rest(&mut self) -> Vec<u8> {
        while self.read().await > 0 {}
        self.input.split().to_vec()
    }

    async fn chunks(&mut self) -> Result<Vec<u8>, RawError> {
        let mut body = Vec::new();
        loop {
            let line = self.until(b"\r\n").await.map_err(|_| self.incomplete())?;
            let digits = String::from_utf8_lossy(&line[..line.len() - 2]).into_owned();
            let is_size = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            let size = is_size.then(|| usize::from_str_radix(&digits, 16).ok()).flatten();
            let size = size.ok_or_else(|| RawError::Misframed(format!("the size of a chunk: {digits:?}")))?;
            let chunk = self.bytes(size + 2).await?;
            if !chunk.ends_with(b"\r\n") {
                return Err(RawError::Misframed("a chunk is longer than its size".to_owned()));
            }
            if size == 0 {
                return Ok(body);
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }

    /// Reads up to and including `end`.
    async fn until(&mut self, end: &[u8]) -> Result<BytesMut, RawError> {
        let mut looked_at = 0;
        loop {
            let found = self.input[looked_at..].windows(end.len()).position(|window| window == end);
            if let Some(position) = found {
                return Ok(self.input.split_to(looked_at + position + end.len()));
            }
            looked_at = self.input.len().saturating_sub(end.len() - 1);
            if self.read().await == 0 {
                return Err(if self.input.is_empty() { RawError::Ended } else { self.incomplete() });
            }
        }
    }

    async fn bytes(&mut self, count: usize) -> Result<BytesMut, RawError> {
        while self.input.len() < count {
            if self.read().await == 0 {
                return Err(self.incomplete());
            }
        }
        Ok(self.input.split_to(count))
    }

    fn incomplete(&self) -> RawError {
        RawError::Incomplete(String::from_utf8_lossy(&self.input).into_owned())
    }

    /// Reads more, and returns the number of bytes; 0 at the end.
    async fn read(&mut self) -> usize {
        self.input.reserve(0x4000);
        let read = timeout(READ_TIMEOUT, self.stream.read_buf(&mut self.input)).await;
        read.expect("something is heard").unwrap_or(0)
    }
}

impl RawAnswer {
    /// The value of a header that occurs at most once.
    ///
    /// # Panics
    /// If it occurs more often.
    pub fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut values = fields.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        let value = values.next();
        assert!(values.next().is_none(), "{name} is there twice: {}", self.head);
        value
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether this is the last response on its connection.
    pub fn is_last(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

/// The status, and the framing of the body.
fn parse_head(head: &str) -> Result<(u16, Option<Framing>), String> {
    let wrong = |what: &str| format!("{what}: {head:?}");
    let mut lines = head.strip_suffix("\r\n\r\n").ok_or_else(|| wrong("no end"))?.split("\r\n");
    let line = lines.next().unwrap_or_default();
    let is_http10 = line.starts_with("HTTP/1.0 ");
    let rest = line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "));
    let status = rest.and_then(|rest| rest.split(' ').next());
    let status = status.filter(|status| status.len() == 3).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| wrong("no status line"))?;
    let mut framing = None;
    for line in lines {
        let (name, value) = line.split_once(": ").ok_or_else(|| wrong("a line that is no field"))?;
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let is_name = !name.is_empty() && name.bytes().all(is_token);
        if !is_name || value.contains(['\r', '\n', '\0']) {
            return Err(wrong("a field that is not well formed"));
        }
        let found = match name.to_ascii_lowercase().as_str() {
            "content-length" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                value.parse().ok().map(Framing::Length)
            }
            "transfer-encoding" if value == "chunked" && !is_http10 => Some(Framing::Chunked),
            "content-length" | "transfer-encoding" => return Err(wrong("a length that is none")),
            _ => continue,
        };
        if found.is_none() || std::mem::replace(&mut framing, found).is_some() {
            return Err(wrong("a length that is not one"));
        }
    }
    Ok((status, framing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// The response that is read from these bytes, and the bytes behind it.
    async fn read(bytes: &'static [u8]) -> (Result<RawAnswer, RawError>, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let serving = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(bytes).await.unwrap();
        };
        let mut client = RawClient::connect(&url).await;
        let ((), answer) = tokio::join!(serving, client.answer());
        (answer, client.rest().await)
    }

    #[tokio::test]
    async fn a_response_ends_where_its_framing_says() {
        for (bytes, body, rest) in [
            (&b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nonetwo"[..], "one", "two"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\ntwo", "one", "two"),
            (b"HTTP/1.1 204 No Content\r\n\r\nHTTP", "", "HTTP"),
            (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 3\r\n\r\n", "", ""),
        ] {
            let (answer, left) = read(bytes).await;
            let answer = answer.unwrap();
            assert_eq!((answer.text().as_str(), left.as_slice()), (body, rest.as_bytes()), "{}", answer.head);
        }
    }

    #[tokio::test]
    async fn an_incomplete_or_misframed_response_is_an_error() {
        assert_eq!(read(b"").await.0, Err(RawError::Ended));
        for bytes in [
            &b"HTTP/1.1 200 OK\r\n"[..],
            b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\none",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n0\r\n",
        ] {
            assert!(matches!(read(bytes).await.0, Err(RawError::Incomplete(_))), "{bytes:?}");
        }
        for bytes in [
            &b"one\r\n\r\n"[..],
            b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n\r\none",
            b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\none",
            b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\none",
            b"HTTP/1.1 200 OK\r\ncontent-length: +3\r\n\r\none",
            b"HTTP/1.1 200 OK\r\nX : y\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nX: y\n z\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;a\r\none\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nones\r\n0\r\n\r\n",
        ] {
            assert!(matches!(read(bytes).await.0, Err(RawError::Misframed(_))), "{bytes:?}");
        }
    }
}
