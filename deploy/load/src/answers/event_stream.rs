//! Server-sent events, of Banyan or of chat completions.

use crate::failure::Failure;
use crate::sse::take_block;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;

/// A stream of events.
pub(super) struct EventStream {
    response: Response,
    unread: Vec<u8>,
}

/// An event with data.
#[derive(Debug, PartialEq)]
pub(super) struct Event {
    /// Empty where the stream names none.
    pub(super) name: String,
    pub(super) data: Value,
}

impl EventStream {
    /// Sends a request whose response is a stream.
    pub(super) async fn open(request: RequestBuilder) -> Result<Self, Failure> {
        let response = request.send().await?;
        let status = response.status();
        if !status.is_success() {
            return Err(Failure::new(format!("no stream: {status} {}", response.text().await?)));
        }
        Ok(Self { response, unread: Vec::new() })
    }

    /// The next event with data; `None` at the end. A failed answer is an error.
    pub(super) async fn next(&mut self) -> Result<Option<Event>, Failure> {
        loop {
            if let Some(block) = take_block(&mut self.unread) {
                match Event::parse(&block) {
                    Some(event) if event.name == "failed" => {
                        return Err(Failure::new(event.data.to_string()));
                    }
                    Some(event) => return Ok(Some(event)),
                    None => continue,
                }
            }
            match self.response.chunk().await? {
                Some(piece) => self.unread.extend_from_slice(&piece),
                None => return Ok(None),
            }
        }
    }

    /// Reads to the end. Returns the last event.
    pub(super) async fn last(&mut self) -> Result<Event, Failure> {
        let mut last = None;
        while let Some(event) = self.next().await? {
            last = Some(event);
        }
        last.ok_or_else(|| Failure::new("a stream without events"))
    }
}

impl Event {
    fn parse(block: &str) -> Option<Self> {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let data = serde_json::from_str(field("data")?).ok()?;
        Some(Self { name: field("event").unwrap_or_default().to_owned(), data })
    }

    /// The piece of the response that it brings.
    pub(super) fn text(&self) -> Option<&str> {
        let place = if self.name.is_empty() { "/choices/0/delta/content" } else { "/text" };
        self.data.pointer(place).and_then(Value::as_str).filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_an_event_is_that_of_banyan_or_of_chat_completions() {
        let text = |block: &str| Event::parse(block).and_then(|event| Some(event.text()?.to_owned()));
        assert_eq!(text("id: 1\nevent: delta\ndata: {\"text\":\"a\"}\n\n").as_deref(), Some("a"));
        assert_eq!(text("data: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\n\n").as_deref(), Some("b"));
        for none in
            ["id: 0\nevent: start\ndata: {}\n\n", "data: {\"choices\":[]}\n\n", "data: [DONE]\n\n", ":\n\n"]
        {
            assert_eq!(text(none), None, "{none}");
        }
    }
}
