//! Requests whose idempotency key is taken.

use shared::clock::Timestamp;
use shared::idempotency::RequestHash;
use std::time::Duration;

/// The answer to a request whose key is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// The object that the key has created.
    Answer,
    /// An error: the key was used with another request.
    Reused,
    /// An error: the object is deleted.
    Gone,
    /// None: the object is deleted for longer than keys are kept, and the key is free again.
    Free,
}

impl Replay {
    /// Judges by the request that created the object, by when that was deleted, and by how long keys are kept after that.
    pub fn classify(
        made_by: Option<&RequestHash>,
        deleted_at: Option<Timestamp>,
        request: &RequestHash,
        now: Timestamp,
        retention: Duration,
    ) -> Self {
        if deleted_at.is_some_and(|deleted_at| deleted_at <= now.minus(retention)) {
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

    const RETENTION: Duration = Duration::from_secs(48 * 3600);

    #[test]
    fn a_key_answers_for_its_retention_after_the_deletion() {
        let (this, other) = (RequestHash(vec![1]), RequestHash(vec![2]));
        let start = Timestamp::from_micros(0).unwrap();
        let classify = |deleted, request, after| {
            let deleted_at = Some(start).filter(|_| deleted);
            Replay::classify(Some(&this), deleted_at, request, start.plus(after), RETENTION)
        };
        let moment = Duration::from_micros(1);

        assert_eq!(classify(false, &this, RETENTION * 9), Replay::Answer);
        assert_eq!(classify(false, &other, RETENTION * 9), Replay::Reused);
        assert_eq!(classify(true, &this, RETENTION.saturating_sub(moment)), Replay::Gone);
        assert_eq!(classify(true, &other, RETENTION.saturating_sub(moment)), Replay::Reused);
        assert_eq!(classify(true, &this, RETENTION), Replay::Free);
        assert_eq!(classify(true, &other, RETENTION), Replay::Free);
    }
}
