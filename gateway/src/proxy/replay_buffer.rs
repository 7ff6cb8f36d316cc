//! What was read of a request's body, kept so that the request can be sent to another replica.

use actix_web::web::Bytes;

/// Up to so many bytes of a body are kept. A message that a person writes is smaller.
pub(super) const MAX_REPLAY_BYTES: usize = 0x1_0000;

/// In at most so many pieces, as each has a price of its own.
const MAX_PIECES: usize = 64;

/// The pieces of a body, from its beginning.
pub(super) struct ReplayBuffer {
    /// `None` where the body is not wanted again, or is too large.
    pieces: Option<Vec<Bytes>>,
    /// How many of them were given since the last rewind.
    given: usize,
}

impl ReplayBuffer {
    /// With nothing in it, for a body that is wanted again or not.
    pub(super) fn new(is_wanted: bool) -> Self {
        Self { pieces: is_wanted.then(Vec::new), given: 0 }
    }

    /// Whether all that was read is kept.
    pub(super) fn is_kept(&self) -> bool {
        self.pieces.is_some()
    }

    /// Goes back to the beginning.
    pub(super) fn rewind(&mut self) {
        self.given = 0;
    }

    /// The next piece that is kept; `None` where the next one is still to be read.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        let piece = self.pieces.as_ref()?.get(self.given)?.clone();
        self.given += 1;
        Some(piece)
    }

    /// Keeps a piece that was read and given, with which so many bytes were read.
    pub(super) fn push(&mut self, piece: &Bytes, read: usize) {
        self.pieces = self.pieces.take().filter(|kept| read <= MAX_REPLAY_BYTES && kept.len() < MAX_PIECES);
        if let Some(pieces) = &mut self.pieces {
            pieces.push(piece.clone());
            self.given = pieces.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(buffer: &mut ReplayBuffer) -> Vec<Bytes> {
        std::iter::from_fn(|| buffer.next()).collect()
    }

    #[test]
    fn what_was_read_is_given_again_after_each_rewind() {
        let mut buffer = ReplayBuffer::new(true);
        buffer.push(&Bytes::from("one"), 3);
        assert_eq!(pieces(&mut buffer), Vec::<Bytes>::new());
        buffer.rewind();
        assert_eq!(pieces(&mut buffer), ["one"]);
        buffer.push(&Bytes::from("two"), 6);
        buffer.rewind();
        assert_eq!(pieces(&mut buffer), ["one", "two"]);
        assert!(buffer.is_kept());
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let mut large = ReplayBuffer::new(true);
        large.push(&Bytes::from("x"), MAX_REPLAY_BYTES);
        assert!(large.is_kept());
        large.push(&Bytes::from("x"), MAX_REPLAY_BYTES + 1);
        let mut many = ReplayBuffer::new(true);
        (1..=MAX_PIECES).for_each(|read| many.push(&Bytes::from("x"), read));
        assert!(many.is_kept());
        many.push(&Bytes::from("x"), MAX_PIECES + 1);
        let mut unwanted = ReplayBuffer::new(false);
        unwanted.push(&Bytes::from("x"), 1);
        for mut buffer in [large, many, unwanted] {
            buffer.rewind();
            assert!(!buffer.is_kept() && pieces(&mut buffer).is_empty());
        }
    }
}
