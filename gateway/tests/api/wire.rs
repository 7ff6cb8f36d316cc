//! Connections of which a test writes and reads every byte, at either side of the gateway.

use reqwest::Url;
use std::future::Future;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// After which a test that hears nothing has failed.
const WIRE_TIMEOUT: Duration = Duration::from_secs(20);

pub struct Wire {
    stream: TcpStream,
    heard: Vec<u8>,
}

/// Serves each connection as told, and says where.
pub async fn upstream<F, Fut>(serve: F) -> Url
where
    F: Fn(Wire) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // What is said is on its way at once, and not only when what was said before is acknowledged.
            stream.set_nodelay(true).unwrap();
            tokio::spawn(serve(Wire { stream, heard: Vec::new() }));
        }
    });
    url
}

/// A service that answers every request with these bytes, and closes.
pub async fn upstream_that_says(answer: &'static str) -> Url {
    upstream(move |mut wire| async move {
        wire.head().await;
        wire.say(answer).await;
    })
    .await
}

impl Wire {
    pub async fn connect(url: &Url) -> Self {
        let address = (url.host_str().unwrap(), url.port().unwrap());
        Self { stream: TcpStream::connect(address).await.unwrap(), heard: Vec::new() }
    }

    pub async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Says something, unless the other side does not listen any more.
    pub async fn try_say(&mut self, bytes: &[u8]) -> bool {
        timeout(WIRE_TIMEOUT, self.stream.write_all(bytes)).await.expect("it is read").is_ok()
    }

    /// What is heard up to and with `end`; `None` where the connection ends before.
    pub async fn try_until(&mut self, end: &str) -> Option<String> {
        loop {
            let found = self.heard.windows(end.len()).position(|window| window == end.as_bytes());
            if let Some(position) = found {
                let rest = self.heard.split_off(position + end.len());
                return Some(String::from_utf8(std::mem::replace(&mut self.heard, rest)).unwrap());
            }
            if self.hear().await == 0 {
                return None;
            }
        }
    }

    pub async fn until(&mut self, end: &str) -> String {
        let heard = self.try_until(end).await;
        heard.unwrap_or_else(|| panic!("{end:?} was not heard: {:?}", String::from_utf8_lossy(&self.heard)))
    }

    /// The head of a request or an answer.
    pub async fn head(&mut self) -> String {
        self.until("\r\n\r\n").await
    }

    /// So many bytes; `None` where the connection ends before.
    pub async fn try_bytes(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.heard.len() < count {
            if self.hear().await == 0 {
                return None;
            }
        }
        let rest = self.heard.split_off(count);
        Some(std::mem::replace(&mut self.heard, rest))
    }

    pub async fn bytes(&mut self, count: usize) -> Vec<u8> {
        self.try_bytes(count).await.expect("the connection goes on")
    }

    /// An answer with a length: head and body.
    pub async fn answer(&mut self) -> (String, String) {
        let head = self.head().await;
        let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
        let body = self.bytes(length).await;
        (head, String::from_utf8(body).unwrap())
    }

    /// All that is heard until the connection ends, and whether it ended in good order.
    pub async fn rest(&mut self) -> String {
        while self.hear().await > 0 {}
        String::from_utf8(std::mem::take(&mut self.heard)).unwrap()
    }

    /// Says no more, but listens on.
    pub async fn finish(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// As [`Wire::finish`], unless the other side has gone.
    pub async fn try_finish(&mut self) {
        drop(self.stream.shutdown().await);
    }

    /// When it is dropped, the other side is told of a reset and not of an end.
    pub fn will_reset(&self) {
        self.stream.set_zero_linger().unwrap();
    }

    /// Passes by all that is heard, until the connection ends.
    pub async fn passes_by(&mut self) {
        while self.hear().await > 0 {
            self.heard.clear();
        }
    }

    /// How many bytes were heard anew; 0 at the end.
    async fn hear(&mut self) -> usize {
        let heard = timeout(WIRE_TIMEOUT, self.stream.read_buf(&mut self.heard)).await;
        heard.expect("something is heard").unwrap_or(0)
    }
}

/// The values of a header.
pub fn headers<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .filter(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
        .collect()
}

/// The value of a header that is there at most once.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let values = headers(head, name);
    assert!(values.len() <= 1, "{name} is there {} times", values.len());
    values.first().copied()
}

/// The status of an answer's head.
pub fn status(head: &str) -> u16 {
    head.split(' ').nth(1).unwrap().parse().unwrap()
}
