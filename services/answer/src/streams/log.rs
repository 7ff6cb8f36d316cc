//! The chunks of a run, as far as this replica knows them.

use super::event::{FinalEvent, of_chunk};
use crate::domain::Chunk;
use crate::store::text_of;
use actix_web::web::{Bytes, BytesMut};
use shared::ids::ResponseId;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;
use tokio::time::Instant;

/// The chunks of a run without gaps, and its end. Readers wait for changes.
pub struct RunLog {
    id: ResponseId,
    /// Whether the owner of the run writes here; else it is polled.
    is_owned: AtomicBool,
    entries: watch::Sender<Entries>,
}

debug_without_texts! { RunLog { id, is_owned } }

#[derive(Default)]
pub(super) struct Entries {
    chunks: Vec<(Arc<Chunk>, Bytes)>,
    final_event: Option<Bytes>,
    /// Since when it is known that the run is sealed.
    sealed_since: Option<Instant>,
}

impl RunLog {
    pub(super) fn new(id: ResponseId) -> Self {
        let entries = watch::Sender::new(Entries::default());
        Self { id, is_owned: AtomicBool::new(false), entries }
    }

    /// The run.
    pub fn id(&self) -> ResponseId {
        self.id
    }

    /// Whether the owner of the run writes here.
    pub fn is_owned(&self) -> bool {
        self.is_owned.load(Ordering::SeqCst)
    }

    /// Says whether the owner of the run writes here.
    pub fn set_owned(&self, is_owned: bool) {
        self.is_owned.store(is_owned, Ordering::SeqCst);
    }

    /// The number of the last chunk.
    pub fn seq(&self) -> i64 {
        self.entries.borrow().seq()
    }

    /// Whether the end is known.
    pub fn is_closed(&self) -> bool {
        self.entries.borrow().final_event.is_some()
    }

    /// The response so far, and the number of the last chunk of it.
    pub fn snapshot(&self) -> (String, i64) {
        let entries = self.entries.borrow();
        (text_of(entries.chunks.iter().map(|(chunk, _)| chunk.as_ref())), entries.seq())
    }

    /// Adds chunks that are committed. Those that are known, and those behind a gap, are left out.
    pub fn append(&self, chunks: impl IntoIterator<Item = Chunk>) {
        self.entries.send_if_modified(|entries| {
            let before = entries.seq();
            for chunk in chunks {
                if chunk.seq == entries.seq() + 1 {
                    let event = of_chunk(&chunk);
                    entries.chunks.push((Arc::new(chunk), event));
                }
            }
            entries.seq() > before
        });
    }

    /// Adds the end, unless it is known.
    pub fn close(&self, last: &FinalEvent) {
        self.entries.send_if_modified(|entries| {
            if entries.final_event.is_some() {
                return false;
            }
            entries.final_event = Some(last.event(entries.seq()));
            true
        });
    }

    /// Since when it is known that the run is sealed: from now on, if it was not.
    pub(super) fn sealed_since(&self) -> Instant {
        let now = Instant::now();
        self.entries.send_if_modified(|entries| {
            entries.sealed_since.get_or_insert(now);
            false
        });
        self.entries.borrow().sealed_since.unwrap_or(now)
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Entries> {
        self.entries.subscribe()
    }
}

/// What a reader gets next.
pub(super) enum Next {
    /// The events of chunks; the number of the last.
    Chunks(Bytes, i64),
    /// The last event.
    Final(Bytes),
    /// Nothing yet.
    Wait,
}

impl Entries {
    fn seq(&self) -> i64 {
        i64::try_from(self.chunks.len()).unwrap_or(i64::MAX)
    }

    /// What comes after the chunk with this number.
    pub(super) fn after(&self, seq: i64) -> Next {
        let known = usize::try_from(seq).unwrap_or(0);
        match self.chunks.get(known..) {
            Some([(_, one)]) => Next::Chunks(one.clone(), self.seq()),
            Some([]) | None => self.final_event.clone().map_or(Next::Wait, Next::Final),
            Some(new) => {
                let mut bytes = BytesMut::new();
                for (_, event) in new {
                    bytes.extend_from_slice(event);
                }
                Next::Chunks(bytes.freeze(), self.seq())
            }
        }
    }
}
