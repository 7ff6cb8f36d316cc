//! The undo window: the time for which a deleted chat or branch can be restored.

use crate::clock::Timestamp;
use crate::env::{ConfigError, Env};
use crate::idempotency::RETENTION;
use std::time::Duration;

/// The longest window, a year: a larger number is taken for a mistaken unit.
const MAX_UNDO_WINDOW_SECONDS: u64 = 365 * 24 * 3600;
const DEFAULT_UNDO_WINDOW: Duration = Duration::from_secs(24 * 3600);

/// The time for which a deleted chat or branch can be restored. With a window of zero it cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UndoWindow(Duration);

impl UndoWindow {
    /// A window of this length.
    pub const fn new(length: Duration) -> Self {
        Self(length)
    }

    /// Reads `UNDO_WINDOW`. All services that delete must agree on it.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        env.seconds("UNDO_WINDOW", 0..=MAX_UNDO_WINDOW_SECONDS, DEFAULT_UNDO_WINDOW).map(Self)
    }

    /// When what is deleted now is purged; `None` if at once.
    pub fn purge_at(self, now: Timestamp) -> Option<Timestamp> {
        (!self.0.is_zero()).then(|| now.plus(self.0))
    }

    /// How long the id of what was deleted stays taken, and its idempotency key answers: as long as the window, and at least [`RETENTION`].
    pub fn retention(self) -> Duration {
        self.0.max(RETENTION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_a_day_unless_undo_window_is_set() {
        let window = |value| UndoWindow::from_env(&Env::of([("UNDO_WINDOW", value)])).unwrap();
        assert_eq!(
            UndoWindow::from_env(&Env::default()).unwrap(),
            UndoWindow::new(Duration::from_secs(86_400))
        );
        assert_eq!(window("60"), UndoWindow::new(Duration::from_secs(60)));
        assert!(UndoWindow::from_env(&Env::of([("UNDO_WINDOW", "-1")])).is_err());

        let now = Timestamp::from_micros(0).unwrap();
        assert_eq!(window("60").purge_at(now), Some(now.plus(Duration::from_secs(60))));
        assert_eq!(window("0").purge_at(now), None);
    }

    #[test]
    fn ids_and_keys_stay_taken_for_the_longer_of_a_day_and_the_window() {
        assert_eq!(UndoWindow::new(Duration::ZERO).retention(), RETENTION);
        assert_eq!(UndoWindow::new(RETENTION * 7).retention(), RETENTION * 7);
    }
}
