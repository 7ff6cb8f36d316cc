//! Streams of answers, as a client reads them.

use crate::app::{TestStack, User, text};
use reqwest::Response;
use serde_json::Value;
use shared::http_client::http_client_with_timeout;
pub use shared_test_kit::sse::{Event, events};
use std::time::Duration;

/// The media type of streams.
pub const EVENT_STREAM: &str = "text/event-stream";
/// The time within which readers are told of what has happened, on a machine that is busy with other tests.
pub const SOON: Duration = Duration::from_secs(30);

/// The text of all pieces of a response.
pub fn said(events: &[Event]) -> String {
    events.iter().filter(|event| event.name == "delta").map(|event| text(&event.data["text"])).collect()
}

/// The names of events.
pub fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.name.as_str()).collect()
}

/// The body of a response that is read as it arrives.
pub struct Stream {
    response: Response,
    read: String,
}

impl Stream {
    /// Asks, and reads what is said.
    pub async fn of_question(stack: &TestStack, user: &User, body: &Value) -> Self {
        let http = http_client_with_timeout(SOON).unwrap();
        let url = stack.url.join("/api/v1/answers/create-answer").unwrap();
        let request = http.post(url).bearer_auth(&user.access_token).header("accept", EVENT_STREAM);
        let response = request.json(body).send().await.unwrap();
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["content-type"], EVENT_STREAM);
        Self { response, read: String::new() }
    }

    /// Reads until an event has come. Returns all events.
    pub async fn until(&mut self, is_awaited: impl Fn(&Event) -> bool) -> Vec<Event> {
        while !events(&self.read).iter().any(&is_awaited) {
            let piece = self.response.chunk().await.unwrap();
            let piece = piece.unwrap_or_else(|| panic!("the stream ends: {}", self.read));
            self.read.push_str(std::str::from_utf8(&piece).unwrap());
        }
        events(&self.read)
    }

    /// Reads until nothing comes any more. Returns all events.
    pub async fn rest(mut self) -> Vec<Event> {
        // A stream may end as a connection that breaks off.
        while let Ok(Some(piece)) = self.response.chunk().await {
            self.read.push_str(std::str::from_utf8(&piece).unwrap());
        }
        events(&self.read)
    }
}
