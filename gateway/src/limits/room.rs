//! How many requests a replica has at once, and how long others wait for that.
//!
//! A crowd that comes at once is let in one after the other. When more come for a time than are served, those who wait are
//! sent away almost at once: an answer that comes late helps nobody, and who gets in is served as fast as ever.

use super::crowd::Crowd;
use super::pace::{Change, Pace};
use super::seat::Seat;
use shared::metrics::LimitHits;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, sleep_until};

/// How long one waits at most, where it is not overcrowded: as many as may wait, at a service that is not quick.
const PATIENT: Duration = Duration::from_secs(2);
/// The same where it is.
const IMPATIENT: Duration = Duration::from_millis(5);

/// The seats of one kind at one replica.
pub(super) struct Room {
    seats: Semaphore,
    pace: Pace,
    /// Seats that are taken though there were none.
    owed: AtomicUsize,
    waiting: AtomicUsize,
    most_waiting: usize,
    crowd: Crowd,
    hits: LimitHits,
}

impl Room {
    pub(super) fn new(seats: usize, most_waiting: usize, hits: LimitHits) -> Self {
        Self {
            seats: Semaphore::new(seats),
            pace: Pace::new(seats),
            owed: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            most_waiting,
            crowd: Crowd::new(),
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
            self.crowd.sends_away();
        }
        permit.map(|permit| Seat::taken(self, permit))
    }

    /// An error of the semaphore would say that it was closed, which it never is.
    async fn wait(&self) -> Option<SemaphorePermit<'_>> {
        let _waiter = Waiter::among(&self.waiting, self.most_waiting)?;
        let begun = Instant::now();
        let acquired = self.seats.acquire();
        let overcrowded = self.crowd.overcrowded();
        tokio::pin!(acquired, overcrowded);
        tokio::select! {
            biased;
            permit = &mut acquired => return permit.ok(),
            () = sleep(IMPATIENT) => {}
        }
        overcrowded.as_mut().enable();
        if self.crowd.is_overcrowded() {
            return None;
        }
        tokio::select! {
            biased;
            permit = acquired => permit.ok(),
            () = overcrowded => None,
            () = sleep_until(begun + PATIENT) => None,
        }
    }

    /// A request was answered that had a seat for so long.
    pub(super) fn took(&self, time: Duration) {
        self.pace.took(time, self.seats.available_permits());
        match self.pace.change(self.crowd.is_overcrowded(), self.crowd.now()) {
            Change::None => {}
            Change::Fewer(fewer) => drop(self.owed.fetch_add(fewer, Ordering::Relaxed)),
            Change::More(more) => (0..more).for_each(|_| self.free_owed()),
        }
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
    use super::super::crowd::{LATELY, STANDING};
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

    /// So many come at once, and this is when the last of them was sent away.
    async fn crowd(room: &Room, count: usize) -> Duration {
        let begun = Instant::now();
        assert!(join_all((0..count).map(|_| room.enter())).await.iter().all(Option::is_none));
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn when_more_come_than_are_served_they_are_sent_away_almost_at_once() {
        let room = room(1, 10);
        let seat = room.enter().await;
        assert_eq!(crowd(&room, 10).await, PATIENT);
        assert_eq!(crowd(&room, 10).await, PATIENT, "nobody else was sent away for so long");
        let more = async {
            for _ in 0..=STANDING.as_millis() {
                assert!(room.enter().await.is_none());
                sleep(Duration::from_millis(1)).await;
            }
        };
        let (who_waited, ()) = tokio::join!(crowd(&room, 10), more);
        assert!((STANDING..2 * STANDING).contains(&who_waited), "{who_waited:?}");
        for _ in 0..100 {
            assert_eq!(crowd(&room, 10).await, IMPATIENT);
        }
        drop(seat);
        advance(LATELY).await;
        let _seat = room.enter().await.unwrap();
        assert_eq!(crowd(&room, 10).await, PATIENT, "a crowd that comes later is waited for again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_is_let_in_though_it_is_too_large() {
        let room = room(1, 100);
        let each = async |room: &Room| {
            let seat = room.enter().await?;
            sleep(Duration::from_millis(10)).await;
            drop(seat);
            Some(())
        };
        let served = join_all((0..110).map(|_| each(&room))).await;
        assert_eq!(served.iter().flatten().count(), 101);
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
