//! How many requests a replica has at once, and how long others wait for that.
//!
//! A crowd that comes at once is let in one after the other. When more come for a time than are served, those who wait are
//! sent away almost at once: an answer that comes late helps nobody, and who gets in is served as fast as ever.

use super::seat::Seat;
use shared::metrics::LimitHits;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep};

/// How long one waits at most, where nobody was sent away lately: as many as may wait, at a service that is not quick.
const PATIENT: Duration = Duration::from_secs(2);
/// The same where somebody was.
const IMPATIENT: Duration = Duration::from_millis(5);
/// What is lately.
const LATELY: Duration = Duration::from_millis(200);

/// The seats of one kind at one replica.
pub(super) struct Room {
    seats: Semaphore,
    /// Seats that are taken though there were none.
    owed: AtomicUsize,
    waiting: AtomicUsize,
    most_waiting: usize,
    built: Instant,
    /// In milliseconds since it was built; 0 where nobody was.
    sent_away: AtomicU64,
    hits: LimitHits,
}

impl Room {
    pub(super) fn new(seats: usize, most_waiting: usize, hits: LimitHits) -> Self {
        Self {
            seats: Semaphore::new(seats),
            owed: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            most_waiting,
            built: Instant::now(),
            sent_away: AtomicU64::new(0),
            hits,
        }
    }

    /// A seat; `None` says that there is none, and was none in time.
    pub(super) async fn enter(&self) -> Option<Seat<'_>> {
        let permit = match self.seats.try_acquire() {
            Ok(permit) => Some(permit),
            Err(_) => self.wait().await,
        };
        if permit.is_none() {
            self.hits.hit();
        }
        permit.map(|permit| Seat::taken(self, permit))
    }

    async fn wait(&self) -> Option<SemaphorePermit<'_>> {
        let _waiter = Waiter::among(&self.waiting, self.most_waiting)?;
        let begun = Instant::now();
        let acquired = self.seats.acquire();
        tokio::pin!(acquired);
        loop {
            tokio::select! {
                biased;
                // An error says that it was closed, which it never is.
                permit = &mut acquired => return permit.ok(),
                () = sleep(IMPATIENT) => {}
            }
            let is_overcrowded = self.was_somebody_sent_away_lately();
            if begun.elapsed() >= if is_overcrowded { IMPATIENT } else { PATIENT } {
                self.sent_away.store(self.now(), Ordering::Relaxed);
                return None;
            }
        }
    }

    fn was_somebody_sent_away_lately(&self) -> bool {
        let sent_away = self.sent_away.load(Ordering::Relaxed);
        let lately = u64::try_from(LATELY.as_millis()).unwrap_or_default();
        sent_away > 0 && self.now().saturating_sub(sent_away) < lately
    }

    fn now(&self) -> u64 {
        u64::try_from(self.built.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
    }

    /// A seat is free.
    pub(super) fn free(&self, permit: SemaphorePermit<'_>) {
        if self.pays_back() {
            permit.forget();
        }
    }

    /// A seat is taken though there is none.
    pub(super) fn owe(&self) {
        self.owed.fetch_add(1, Ordering::Relaxed);
    }

    /// A seat is free that was taken though there was none.
    pub(super) fn free_owed(&self) {
        if !self.pays_back() {
            self.seats.add_permits(1);
        }
    }

    /// One that is free now, if there is one.
    pub(super) fn try_enter(&self) -> Option<SemaphorePermit<'_>> {
        self.seats.try_acquire().ok()
    }

    /// Whether a seat that is free now is one that was owed.
    fn pays_back(&self) -> bool {
        self.owed.load(Ordering::Relaxed) > 0
            && self
                .owed
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |owed| owed.checked_sub(1))
                .is_ok()
    }
}

/// One who waits, counted until this is dropped.
struct Waiter<'a>(&'a AtomicUsize);

impl<'a> Waiter<'a> {
    fn among(waiting: &'a AtomicUsize, most: usize) -> Option<Self> {
        let waiter = Self(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < most).then_some(waiter)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;
    use tokio::time::advance;

    fn room(seats: usize, waiting: usize) -> Room {
        Room::new(seats, waiting, LimitHits::default())
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_seat_waits_for_one_and_then_is_sent_away() {
        let room = room(1, 2);
        let seat = room.enter().await.unwrap();
        let begun = Instant::now();
        let (first, second, third) = tokio::join!(room.enter(), room.enter(), async {
            let third = room.enter().await.is_some();
            assert_eq!(begun.elapsed(), Duration::ZERO, "no more than two may wait");
            advance(Duration::from_millis(20)).await;
            drop(seat);
            third
        });
        assert!(first.is_some() && second.is_none() && !third);
        assert_eq!(begun.elapsed(), PATIENT);
    }

    #[tokio::test(start_paused = true)]
    async fn when_more_come_than_are_served_they_are_sent_away_almost_at_once() {
        let room = room(1, 100);
        let seat = room.enter().await;
        assert!(room.enter().await.is_none());
        for _ in 0..100 {
            let begun = Instant::now();
            assert!(join_all((0..10).map(|_| room.enter())).await.iter().all(Option::is_none));
            assert_eq!(begun.elapsed(), IMPATIENT);
        }
        drop(seat);
        advance(LATELY).await;
        let _seat = room.enter().await.unwrap();
        let begun = Instant::now();
        assert!(room.enter().await.is_none());
        assert_eq!(begun.elapsed(), PATIENT, "a crowd that comes later is waited for again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_seat_is_given_up_for_a_while_and_taken_again() {
        let room = room(1, 0);
        let mut first = room.enter().await.unwrap();
        first.use_it(false);
        let second = room.enter().await.unwrap();
        first.use_it(true);
        assert!(room.enter().await.is_none());
        drop(second);
        assert!(room.enter().await.is_none(), "two were there, and one is");
        drop(first);
        let again = room.enter().await.unwrap();
        assert!(room.enter().await.is_none());
        drop(again);
        assert_eq!((room.seats.available_permits(), room.owed.load(Ordering::Relaxed)), (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn seats_are_as_many_as_before_whoever_goes_first() {
        let room = room(1, 0);
        let mut first = room.enter().await.unwrap();
        first.use_it(false);
        let second = room.enter().await.unwrap();
        first.use_it(true);
        drop(first);
        drop(second);
        assert_eq!((room.seats.available_permits(), room.owed.load(Ordering::Relaxed)), (1, 0));
    }
}
