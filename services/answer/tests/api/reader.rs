//! A reader of a stream that breaks off, who resumes it as clients do.

use crate::app::{ANSWERS, User};
use crate::events::{Event, events, raw_events};
use std::time::Duration;
use tokio::time::timeout;

/// Longer than any stream of a test lasts.
const END_TIMEOUT: Duration = Duration::from_secs(60);

/// A reader of an answer: what it has read so far.
#[derive(Clone)]
pub struct Reader {
    id: String,
    /// The events, as they came. Half an event is not kept.
    pub seen: String,
}

impl Reader {
    /// A reader who has read nothing yet.
    pub fn of(id: &str) -> Self {
        Self { id: id.to_owned(), seen: String::new() }
    }

    /// All events that were read.
    pub fn events(&self) -> Vec<Event> {
        events(&self.seen)
    }

    /// Whether the last event was read.
    pub fn has_end(&self) -> bool {
        self.events().last().is_some_and(|event| event.name == "done" || event.name == "failed")
    }

    /// Reads on at a replica until so many bytes have come, or this text, or the stream ends.
    pub async fn read(&mut self, user: &User, most: usize, awaited: &str) {
        if self.has_end() {
            return;
        }
        let client = match self.events().last() {
            Some(last) => user.client.with_header("last-event-id", &last.id.to_string()),
            None => user.client.clone(),
        };
        let path = format!("{ANSWERS}/stream-answer/{}", self.id);
        let Ok(mut response) = client.open(&path).await else { return };
        assert_eq!(response.status(), 200);
        let mut bytes = Vec::new();
        while bytes.len() < most
            && !String::from_utf8_lossy(&bytes).contains(awaited)
            && let Ok(Some(piece)) = response.chunk().await
        {
            bytes.extend_from_slice(&piece);
        }
        bytes.truncate(most);
        let text = String::from_utf8_lossy(&bytes);
        let whole = text.rfind("\n\n").map_or("", |end| &text[..end + 2]);
        self.seen.extend(raw_events(whole));
    }

    /// Reads on until a text has come.
    pub async fn read_to(mut self, user: &User, awaited: &str) -> Self {
        self.read(user, usize::MAX, awaited).await;
        assert!(self.seen.contains(awaited), "{}", self.seen);
        self
    }

    /// Reads to the end, at one of these replicas after another.
    pub async fn read_to_end(mut self, replicas: &[User]) -> Self {
        let end = async {
            for user in replicas.iter().cycle() {
                self.read(user, usize::MAX, "\0").await;
                if self.has_end() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        };
        let told = timeout(END_TIMEOUT, end).await;
        assert!(told.is_ok(), "the end is not told: {}", self.seen);
        self
    }
}
