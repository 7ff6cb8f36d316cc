//! Replay buffer: what was read of a request's body, kept for a retry.

use actix_web::web::Bytes;

/// The largest body that is kept. A message that a person writes is smaller.
pub(super) const MAX_REPLAY_BYTES: usize = 0x1_0000;

/// The most pieces in which a body is kept, as each has a cost of its own.
const MAX_PIECES: usize = 64;

/// The pieces of a body, from its beginning.
pub(super) struct ReplayBuffer {
    /// `None` where the body is not wanted again, or is too large.
    pieces: Option<Vec<Bytes>>,
    /// The index of the next piece to replay.
    next: usize,
}

impl ReplayBuffer {
    /// An empty buffer; one that keeps nothing unless the body is wanted again.
    pub(super) fn new(is_wanted: bool) -> Self {
        Self { pieces: is_wanted.then(Vec::new), next: 0 }
    }

    /// Whether all that was read is kept.
    pub(super) fn is_complete(&self) -> bool {
        self.pieces.is_some()
    }

    /// Goes back to the beginning of the body.
    pub(super) fn rewind(&mut self) {
        self.next = 0;
    }

    /// The next piece to replay; `None` where the next one is still to be read.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        let piece = self.pieces.as_ref()?.get(self.next)?.clone();
        self.next += 1;
        Some(piece)
    }

    /// Whether the next piece is still to be read.
    pub(super) fn is_at_end(&self) -> bool {
        self.pieces.as_ref().is_none_or(|pieces| self.next >= pieces.len())
    }

    /// Keeps a piece that was read, the last of this many bytes.
    pub(super) fn push(&mut self, piece: &Bytes, total_bytes: usize) {
        self.pieces =
            self.pieces.take().filter(|kept| total_bytes <= MAX_REPLAY_BYTES && kept.len() < MAX_PIECES);
        if let Some(pieces) = &mut self.pieces {
            pieces.push(piece.clone());
            self.next = pieces.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replay(buffer: &mut ReplayBuffer) -> Vec<Bytes> {
        std::iter::from_fn(|| buffer.next()).collect()
    }

    #[test]
    fn every_piece_is_replayed_after_each_rewind() {
        let mut buffer = ReplayBuffer::new(true);
        buffer.push(&Bytes::from("one"), 3);
        assert_eq!(replay(&mut buffer), Vec::<Bytes>::new());
        buffer.rewind();
        assert_eq!(replay(&mut buffer), ["one"]);
        buffer.push(&Bytes::from("two"), 6);
        buffer.rewind();
        assert_eq!(replay(&mut buffer), ["one", "two"]);
        assert!(buffer.is_complete());
    }

    #[test]
    fn a_body_over_64_kib_or_64_pieces_is_not_kept() {
        let mut large = ReplayBuffer::new(true);
        large.push(&Bytes::from("x"), MAX_REPLAY_BYTES);
        assert!(large.is_complete());
        large.push(&Bytes::from("x"), MAX_REPLAY_BYTES + 1);
        let mut many = ReplayBuffer::new(true);
        (1..=MAX_PIECES).for_each(|read| many.push(&Bytes::from("x"), read));
        assert!(many.is_complete());
        many.push(&Bytes::from("x"), MAX_PIECES + 1);
        let mut unwanted = ReplayBuffer::new(false);
        unwanted.push(&Bytes::from("x"), 1);
        for mut buffer in [large, many, unwanted] {
            buffer.rewind();
            assert!(!buffer.is_complete() && replay(&mut buffer).is_empty());
        }
    }
}
