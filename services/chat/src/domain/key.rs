//! What comes of a request whose idempotency key is taken.

use shared::clock::Timestamp;
use shared::idempotency::RequestHash;
use std::time::Duration;

/// How long a key answers after what it made was deleted.
pub const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// What the object under a key means for another request with the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// It answers with what was made.
    Answer,
    /// The key belongs to another request.
    Reused,
    /// What was made is gone.
    Gone,
    /// What was made is gone for so long that the key is free again.
    Free,
}

impl Replay {
    /// Judges by the request that made the object, and when that was deleted.
    pub fn judge(
        made_by: Option<&RequestHash>,
        deleted_at: Option<Timestamp>,
        request: &RequestHash,
        now: Timestamp,
    ) -> Self {
        if deleted_at.is_some_and(|deleted_at| deleted_at <= now.minus(RETENTION)) {
            Self::Free
        } else if made_by != Some(request) {
            Self::Reused
        } else if deleted_at.is_some() {
            Self::Gone
        } else {
            Self::Answer
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_answers_until_a_day_after_the_deletion() {
        let (this, other) = (RequestHash(vec![1]), RequestHash(vec![2]));
        let start = Timestamp::from_micros(0).unwrap();
        let judge = |deleted, request, after| {
            Replay::judge(Some(&this), Some(start).filter(|_| deleted), request, start.plus(after))
        };
        let moment = Duration::from_micros(1);
        assert_eq!(judge(false, &this, RETENTION * 9), Replay::Answer);
        assert_eq!(judge(false, &other, RETENTION * 9), Replay::Reused);
        assert_eq!(judge(true, &this, RETENTION.saturating_sub(moment)), Replay::Gone);
        assert_eq!(judge(true, &other, RETENTION.saturating_sub(moment)), Replay::Reused);
        assert_eq!(judge(true, &this, RETENTION), Replay::Free);
        assert_eq!(judge(true, &other, RETENTION), Replay::Free);
    }
}
