//! A reader of an answer, who resumes where the stream has ended.

use super::replica_set::ReplicaSet;
use crate::sse::take_block;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// A stream on which not even a comment comes for so long is broken: the service sends one every 15 s.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(20);
/// The pause before a stream is resumed that could not be opened.
const RESUME_PAUSE: Duration = Duration::from_millis(200);

/// A reader of an answer, with all that was read.
#[derive(Debug)]
pub(super) struct Reader {
    id: String,
    /// The events as they came, without comments. Half an event is not kept.
    pub(super) events: String,
    last: Option<u64>,
    /// The time of the last event.
    pub(super) ended: Option<Instant>,
    /// The number of streams that were opened.
    pub(super) streams: usize,
    /// Whether each event has the number after that of the one before.
    pub(super) is_gapless: bool,
}

impl Reader {
    /// A reader who has read nothing yet.
    pub(super) fn of(id: &str) -> Self {
        let id = id.to_owned();
        Self { id, events: String::new(), last: None, ended: None, streams: 0, is_gapless: true }
    }

    /// The status with which the answer has ended.
    pub(super) fn status(&self) -> Option<&str> {
        self.ended?;
        let (_, status) = self.events.rsplit_once("\ndata: {\"status\":\"")?;
        status.split('"').next()
    }

    /// Reads on at a replica until so many bytes have come, or the stream ends, or it holds this text.
    pub(super) async fn read(&mut self, replicas: &ReplicaSet, replica: usize, most: usize, awaited: &str) {
        self.streams += 1;
        let opened = timeout(SILENCE_TIMEOUT, replicas.stream(replica, &self.id, self.last)).await;
        let Ok(Ok(mut response)) = opened else { return sleep(RESUME_PAUSE).await };
        let (mut rest, mut count) = (Vec::new(), 0);
        while count < most
            && self.ended.is_none()
            && !self.events.contains(awaited)
            && let Ok(Ok(Some(bytes))) = timeout(SILENCE_TIMEOUT, response.chunk()).await
        {
            count += bytes.len();
            rest.extend_from_slice(&bytes);
            rest.truncate(rest.len().saturating_sub(count.saturating_sub(most)));
            self.take_events(&mut rest);
        }
    }

    /// Takes the whole events out of the bytes that have come.
    fn take_events(&mut self, rest: &mut Vec<u8>) {
        while let Some(event) = take_block(rest) {
            let Some(id) = event.strip_prefix("id: ").and_then(|event| event.lines().next()) else {
                continue;
            };
            let id = id.parse().ok();
            self.is_gapless &= id.is_some_and(|id: u64| id == self.last.map_or(0, |last| last + 1));
            self.last = id;
            if event.contains("\nevent: done\n") || event.contains("\nevent: failed\n") {
                self.ended = Some(Instant::now());
            }
            self.events.push_str(&event);
        }
    }

    /// Reads on to the end, at one replica after another, for at most this time.
    pub(super) async fn read_to_end(&mut self, replicas: &ReplicaSet, first: usize, most: Duration) {
        let read = async {
            let mut replica = first;
            while self.ended.is_none() {
                self.read(replicas, replica, usize::MAX, "\0").await;
                replica += 1;
            }
        };
        drop(timeout(most, read).await);
    }
}
