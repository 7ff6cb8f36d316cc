//! Server-sent events, as a client reads them.

use serde_json::Value;

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: i64,
    pub name: String,
    pub data: Value,
}

/// The events of a stream, without comments.
pub fn events(stream: &str) -> Vec<Event> {
    stream.split("\n\n").filter_map(event).collect()
}

fn event(block: &str) -> Option<Event> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    Some(Event {
        id: field("id")?.parse().unwrap(),
        name: field("event")?.to_owned(),
        data: serde_json::from_str(field("data")?).unwrap(),
    })
}

/// The blocks of a stream that are events, as they came.
pub fn raw_events(stream: &str) -> Vec<&str> {
    stream.split_inclusive("\n\n").filter(|block| block.starts_with("id: ")).collect()
}

/// The text of all pieces.
pub fn text_of(events: &[Event]) -> String {
    let pieces = events.iter().filter(|event| event.name == "delta" || event.name == "snapshot");
    pieces.map(|event| event.data["text"].as_str().unwrap()).collect()
}
