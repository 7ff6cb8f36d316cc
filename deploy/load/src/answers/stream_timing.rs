//! The times at which the text of a stream arrives.

use super::event_stream::{Event, EventStream};
use crate::failure::Failure;
use reqwest::RequestBuilder;
use std::time::Duration;
use tokio::time::Instant;

/// The times at which the text of a stream has arrived.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct StreamTiming {
    /// From the request to the first piece.
    pub(super) first: Duration,
    /// From the request to the last piece.
    pub(super) last: Duration,
    /// The bytes of text after the first piece.
    rest_bytes: usize,
}

impl StreamTiming {
    /// Reads a stream to its end. Returns its last event as well.
    pub(super) async fn measure(request: RequestBuilder) -> Result<(Self, Event), Failure> {
        let started = Instant::now();
        let mut stream = EventStream::open(request).await?;
        let (mut timing, mut last) = (None::<Self>, None);
        while let Some(event) = stream.next().await? {
            if let Some(text) = event.text() {
                let now = started.elapsed();
                match &mut timing {
                    None => timing = Some(Self { first: now, last: now, rest_bytes: 0 }),
                    Some(timing) => timing.add(now, text.len()),
                }
            }
            last = Some(event);
        }
        timing.zip(last).ok_or_else(|| Failure::new("a stream without text"))
    }

    fn add(&mut self, now: Duration, bytes: usize) {
        self.last = now;
        self.rest_bytes += bytes;
    }

    /// Bytes of text per second, from the first piece to the last; `None` if there was one piece.
    pub(super) fn bytes_per_second(&self) -> Option<f64> {
        let time = self.last.saturating_sub(self.first);
        (!time.is_zero()).then(|| crate::figures::rate(self.rest_bytes, time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_counts_from_the_first_piece() {
        let (first, second) = (Duration::from_secs(1), Duration::from_secs(3));
        let mut timing = StreamTiming { first, last: first, rest_bytes: 0 };
        assert_eq!(timing.bytes_per_second(), None);
        timing.add(second, 100);
        assert_eq!(timing.bytes_per_second().map(|rate| rate.to_string()).as_deref(), Some("50"));
    }
}
