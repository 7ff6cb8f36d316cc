//! With how few requests at once a replica still serves as many.
//!
//! Most services do as much with a few at once as with many, and then each is answered sooner. While more come than are
//! served, seats are held back as long as a request takes much longer than when there is little to do, as Netflix's
//! concurrency-limits and Envoy's adaptive concurrency do.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// How many times as long as usual a request may take before seats are held back.
const SLOW: u64 = 2;
/// Of all seats, one of so many is never held back.
const LEAST: usize = 8;
/// How many milliseconds are at least between two changes.
const PAUSE: u64 = 20;
/// Of what is remembered, one part of so many is new with each request.
const SLOWLY: u64 = 64;
const SOON: u64 = 8;

/// How long requests take at one replica, and how many seats are held back for that.
pub(super) struct AdaptiveLimit {
    seats: usize,
    held_back: AtomicUsize,
    /// In microseconds, with little to do; 0 where that is not known.
    usual: AtomicU64,
    /// In microseconds, of late.
    recent: AtomicU64,
    /// In milliseconds, by the clock of who asks.
    changed: AtomicU64,
}

/// What is to be done with the seats.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LimitChange {
    /// Nothing.
    None,
    /// So many more are held back.
    Fewer(usize),
    /// So many of those are given again.
    More(usize),
}

impl AdaptiveLimit {
    /// Of a replica with so many seats, none of which is held back.
    pub(super) fn new(seats: usize) -> Self {
        Self {
            seats,
            held_back: AtomicUsize::new(0),
            usual: AtomicU64::new(0),
            recent: AtomicU64::new(0),
            changed: AtomicU64::new(0),
        }
    }

    /// A request has taken so long, while so many seats were free.
    pub(super) fn took(&self, time: Duration, free: usize) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
        blend(&self.recent, micros, SOON);
        let has_little_to_do = free >= self.seats - self.seats / 4;
        if has_little_to_do {
            blend(&self.usual, micros, SLOWLY);
        }
    }

    /// What is to be done now, at so many milliseconds.
    pub(super) fn change(&self, is_overloaded: bool, now: u64) -> LimitChange {
        let held_back = self.held_back.load(Ordering::Relaxed);
        if !is_overloaded {
            let all = if held_back > 0 { self.held_back.swap(0, Ordering::Relaxed) } else { 0 };
            return if all > 0 { LimitChange::More(all) } else { LimitChange::None };
        }
        let (usual, recent) = (self.usual.load(Ordering::Relaxed), self.recent.load(Ordering::Relaxed));
        // What the last change has brought is seen after the time of a request.
        let is_due = |changed| now.saturating_sub(changed) >= PAUSE.max(recent / 1000);
        let due = |changed| is_due(changed).then_some(now);
        if usual == 0 || self.changed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, due).is_err() {
            return LimitChange::None;
        }
        let given = self.seats.saturating_sub(held_back);
        let fewer = given.div_ceil(4).min(given.saturating_sub((self.seats / LEAST).max(1)));
        let less = |held_back: usize| held_back.checked_sub(1);
        if recent > usual.saturating_mul(SLOW) {
            self.held_back.fetch_add(fewer, Ordering::Relaxed);
            return if fewer > 0 { LimitChange::Fewer(fewer) } else { LimitChange::None };
        }
        let is_less = self.held_back.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok();
        if is_less { LimitChange::More(1) } else { LimitChange::None }
    }
}

/// Takes over one part of the new in so many. Of two threads that do so at once, one may be forgotten.
fn blend(of: &AtomicU64, new: u64, parts: u64) {
    let old = of.load(Ordering::Relaxed);
    let blended = if old == 0 { new } else { old - old / parts + new / parts };
    of.store(blended.max(1), Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEATS: usize = 64;

    /// How many seats are left after a while of too many requests, for a service that takes so long with so many at once.
    fn seats_of(service: impl Fn(usize) -> Duration) -> (AdaptiveLimit, usize) {
        let pace = AdaptiveLimit::new(SEATS);
        for _ in 0..1000 {
            pace.took(service(1), SEATS - 1);
        }
        assert_eq!(pace.change(false, 0), LimitChange::None);
        let mut seats = SEATS;
        for round in 1..200 {
            for _ in 0..seats {
                pace.took(service(seats), 0);
            }
            match pace.change(true, round * PAUSE.max(1000)) {
                LimitChange::Fewer(fewer) => seats -= fewer,
                LimitChange::More(more) => seats += more,
                LimitChange::None => {}
            }
        }
        (pace, seats)
    }

    #[test]
    fn a_service_that_does_one_after_the_other_is_given_few_at_once() {
        let (pace, seats) = seats_of(|at_once| Duration::from_millis(1) * u32::try_from(at_once).unwrap());
        assert!((SEATS / LEAST..SEATS / 4).contains(&seats), "{seats}");
        assert_eq!(pace.change(false, u64::MAX), LimitChange::More(SEATS - seats), "all are given again");
        assert_eq!(pace.change(false, u64::MAX), LimitChange::None);
    }

    #[test]
    fn a_service_that_does_some_at_once_is_given_as_many() {
        let takes = |at_once: usize| u32::try_from(at_once.max(20)).unwrap();
        let (_, seats) = seats_of(|at_once| Duration::from_millis(1) * takes(at_once));
        assert!((20..=44).contains(&seats), "{seats}");
    }

    #[test]
    fn a_service_that_does_all_at_once_is_given_all() {
        assert_eq!(seats_of(|_| Duration::from_millis(5)).1, SEATS);
    }

    #[test]
    fn nothing_is_held_back_where_it_is_not_known_what_is_usual() {
        let pace = AdaptiveLimit::new(SEATS);
        (0..1000).for_each(|_| pace.took(Duration::from_secs(1), 0));
        assert_eq!(pace.change(true, u64::MAX), LimitChange::None);
    }
}
