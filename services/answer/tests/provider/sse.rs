//! The parser of server-sent events: split anywhere, it gives the same.

use answer::provider::sse::{SseEvent, SseParser};
use proptest::collection::vec;
use proptest::prelude::*;

fn parse<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<SseEvent> {
    let mut parser = SseParser::default();
    for piece in pieces {
        parser.feed(piece).unwrap();
    }
    parser.finish();
    std::iter::from_fn(|| parser.next_event()).collect()
}

fn event(event: &str, data: &str) -> SseEvent {
    SseEvent { event: event.to_owned(), data: data.to_owned() }
}

#[test]
fn an_event_is_what_the_standard_says() {
    let cases: [(&str, Vec<SseEvent>); 9] = [
        ("data: a\n\n", vec![event("", "a")]),
        ("data:a\ndata: b\n\n", vec![event("", "a\nb")]),
        ("data:  a\n\n", vec![event("", " a")]),
        (": comment\n\ndata: a\n\n", vec![event("", "a")]),
        ("\u{feff}data: a\n\n", vec![event("", "a")]),
        ("event: error\ndata: a\n\ndata: b\n\n", vec![event("error", "a"), event("", "b")]),
        ("data\n\n", vec![event("", "")]),
        ("event: x\nid: 7\nretry: 5\nunknown: y\n\n", vec![]),
        ("data: the last one", vec![event("", "the last one")]),
    ];
    for (text, events) in cases {
        assert_eq!(parse([text.as_bytes()]), events, "{text:?}");
    }
}

#[test]
fn an_endless_event_is_refused() {
    let mut parser = SseParser::default();
    let refused = (0..20).map(|_| parser.feed(&vec![b'x'; 1 << 20])).find(Result::is_err);
    assert!(refused.is_some());
}

/// A line: data in any number of lines, or what is ignored.
fn block() -> impl Strategy<Value = (Vec<String>, Option<String>)> {
    let data = vec("[^\r\n]{0,12}", 1..4);
    prop_oneof![
        4 => data.prop_map(|lines| {
            let fields = lines.iter().map(|line| format!("data: {line}")).collect();
            (fields, Some(lines.join("\n")))
        }),
        1 => "[^\r\n]{0,8}".prop_map(|comment| (vec![format!(":{comment}")], None)),
    ]
}

proptest! {
    #[test]
    fn events_are_the_same_wherever_the_bytes_are_split(
        blocks in vec(block(), 0..8),
        ends in vec(prop_oneof![Just("\n"), Just("\r\n"), Just("\r")], 1..40),
        has_mark in any::<bool>(),
        splits in vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut text = String::from(if has_mark { "\u{feff}" } else { "" });
        let mut ends = ends.iter().cycle();
        let mut previous = "\n";
        for (fields, _) in &blocks {
            for line in fields.iter().map(String::as_str).chain([""]) {
                // A carriage return and the line feed of an empty line after it would be one end.
                let end = match (previous, *ends.next().unwrap()) {
                    ("\r", "\n") if line.is_empty() => "\r",
                    (_, end) => end,
                };
                text.push_str(line);
                text.push_str(end);
                previous = end;
            }
        }
        let bytes = text.as_bytes();
        let mut places: Vec<usize> = splits.iter().map(|split| split.index(bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        let pieces = places.windows(2).map(|place| &bytes[place[0]..place[1]]);
        let expected: Vec<SseEvent> =
            blocks.iter().filter_map(|(_, data)| data.as_deref()).map(|data| event("", data)).collect();
        prop_assert_eq!(parse(pieces), expected.clone());
        prop_assert_eq!(parse(bytes.chunks(1)), expected);
    }

    #[test]
    fn no_bytes_make_it_panic(pieces in vec(vec(any::<u8>(), 0..40), 0..10)) {
        let whole = pieces.concat();
        prop_assert_eq!(parse(pieces.iter().map(Vec::as_slice)), parse([whole.as_slice()]));
    }
}
