//! Server-sent events, as a client reads them.

use serde_json::Value;

/// An event of a stream of answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The id.
    pub id: i64,
    /// The name.
    pub name: String,
    /// The data, which is JSON.
    pub data: Value,
}

/// The events of a stream, without comments. A block that is cut off at its end is none.
///
/// # Panics
/// If an id is no number, or data is no JSON.
pub fn events(stream: &str) -> Vec<Event> {
    let whole = stream.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
    whole.split("\n\n").filter_map(event).collect()
}

fn event(block: &str) -> Option<Event> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    Some(Event {
        id: field("id")?.parse().expect("an id is a number"),
        name: field("event")?.to_owned(),
        data: serde_json::from_str(field("data")?).expect("data is JSON"),
    })
}
