//! A user who asks, well or for what is answered by the script.

use super::RequestKind;
use super::service::{POISONED, Service};
use crate::app::{TestGateway, authorization};
use shared_test_kit::{RawAnswer, RawClient};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A user with a connection to the gateway.
pub struct User {
    pub name: &'static str,
    pub client: RawClient,
    pub token: String,
}

impl User {
    pub async fn new(gateway: &TestGateway, name: &'static str) -> Self {
        Self { name, client: RawClient::connect(&gateway.url).await, token: authorization() }
    }

    pub async fn request_poisoned(&mut self, kind: RequestKind) {
        let (method, rest) = match kind {
            RequestKind::Get => ("GET", "\r\n"),
            RequestKind::Head => ("HEAD", "\r\n"),
            RequestKind::Post => ("POST", "Content-Length: 3\r\n\r\none"),
            RequestKind::UnfinishedPost => ("POST", "Content-Length: 300\r\n\r\none"),
        };
        self.client.send(format!("{method} {POISONED} HTTP/1.1\r\nHost: a\r\n{}{rest}", self.token)).await;
    }

    /// Has the gateway answer something itself, so that the worker of this connection has waited for events since the
    /// script was said to its end: what came while it was busy with the answer to the script could not be noticed before.
    pub async fn wait_for_worker(&mut self) {
        for _ in 0..3 {
            self.client.send("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").await;
            assert_eq!(self.client.answer().await.map(|answer| answer.status), Ok(200));
        }
    }

    /// Sends a request with a value of its own, and checks that the response has this value.
    pub async fn check_served(&mut self, method: &str, service: &Service) -> Result<RawAnswer, String> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let own = format!("{}-{}", self.name, NEXT.fetch_add(1, Ordering::Relaxed));
        let body = if method == "POST" { own.as_str() } else { "" };
        let line = format!("{method} /api/v1/chats/{own}");
        let (token, length) = (&self.token, body.len());
        let length = if method == "POST" { format!("Content-Length: {length}\r\n") } else { String::new() };
        self.client.send(format!("{line} HTTP/1.1\r\nHost: a\r\n{token}{length}\r\n{body}")).await;
        let request = format!("{line} {body}");
        match self.client.answer().await {
            Ok(answer) if answer.status == 200 && answer.text() == request => {
                let count = service.count(&request);
                if count == 1 { Ok(answer) } else { Err(format!("{own} was read {count} times")) }
            }
            response => Err(format!("{request:?} was answered {response:?}")),
        }
    }
}
