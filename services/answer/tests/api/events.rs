//! Server-sent events, as a client reads them.

pub use shared_test_kit::sse::{Event, events};

/// The blocks of a stream that are events, as they came.
pub fn raw_events(stream: &str) -> Vec<&str> {
    stream.split_inclusive("\n\n").filter(|block| block.starts_with("id: ")).collect()
}

/// The text of all pieces.
pub fn text_of(events: &[Event]) -> String {
    let pieces = events.iter().filter(|event| event.name == "delta" || event.name == "snapshot");
    pieces.map(|event| event.data["text"].as_str().unwrap()).collect()
}
