//! A request that counts among those that a replica has.

use super::limiter::ConcurrencyLimiter;
use std::time::Duration;
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, sleep};

/// Between two looks whether a request has come whole.
const GLANCE: Duration = Duration::from_millis(20);

/// A request that a replica works on, until this is dropped.
pub(crate) struct Permit<'a> {
    place: Place<'a>,
    /// When it was taken, unless it was given up meanwhile.
    taken: Option<Instant>,
}

enum Place<'a> {
    /// Nobody counts.
    None,
    Taken(&'a ConcurrencyLimiter, SemaphorePermit<'a>),
    /// Taken though there was none.
    Owed(&'a ConcurrencyLimiter),
    /// Given up for a while.
    GivenUp(&'a ConcurrencyLimiter),
}

impl<'a> Permit<'a> {
    /// Where nobody counts.
    pub(super) fn without_room() -> Self {
        Self { place: Place::None, taken: None }
    }

    /// One of a room; `None` says that there is none, and was none in time.
    pub(super) async fn of(room: &'a ConcurrencyLimiter) -> Option<Self> {
        let permit = room.enter().await?;
        Some(Self { place: Place::Taken(room, permit), taken: Some(Instant::now()) })
    }

    /// Waits for what the replica works on. A request that takes longer than a moment to come counts only once it is whole;
    /// `None` says that it is from the start.
    pub(crate) async fn during<T>(
        mut self,
        is_whole: Option<impl Fn() -> bool>,
        work: impl Future<Output = T>,
    ) -> T {
        tokio::pin!(work);
        let Some(is_whole) = is_whole else {
            let done = work.await;
            self.answered();
            return done;
        };
        loop {
            tokio::select! {
                biased;
                done = &mut work => {
                    self.answered();
                    return done;
                }
                () = sleep(GLANCE) => self.use_it(is_whole()),
            }
        }
    }

    fn answered(&self) {
        if let (Place::Taken(room, _), Some(taken)) = (&self.place, self.taken) {
            room.took(taken.elapsed());
        }
    }

    /// Gives it up while the replica has little to do for it, and takes it again after that, free or not: what was begun is not
    /// broken off.
    pub(super) fn use_it(&mut self, is_used: bool) {
        self.taken = self.taken.filter(|_| is_used);
        self.place = match (std::mem::replace(&mut self.place, Place::None), is_used) {
            (Place::Taken(room, permit), false) => {
                room.free(permit);
                Place::GivenUp(room)
            }
            (Place::Owed(room), false) => {
                room.free_owed();
                Place::GivenUp(room)
            }
            (Place::GivenUp(room), true) => {
                if let Some(permit) = room.try_enter() {
                    Place::Taken(room, permit)
                } else {
                    room.owe();
                    Place::Owed(room)
                }
            }
            (place, _) => place,
        };
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        match std::mem::replace(&mut self.place, Place::None) {
            Place::Taken(room, permit) => room.free(permit),
            Place::Owed(room) => room.free_owed(),
            Place::None | Place::GivenUp(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::limiter::{MAX_QUEUE_WAIT, MAX_QUEUE_WAIT_OVERLOADED};
    use super::super::overload::{OVERLOAD_AFTER, OVERLOAD_FORGOTTEN_AFTER};
    use super::*;
    use futures_util::future::join_all;
    use shared::metrics::LimitHits;
    use tokio::time::advance;

    fn room(seats: usize, waiting: usize) -> ConcurrencyLimiter {
        ConcurrencyLimiter::new(seats, waiting, LimitHits::default())
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_seat_waits_for_one_and_then_is_sent_away() {
        let room = room(1, 2);
        let seat = Permit::of(&room).await.unwrap();
        let begun = Instant::now();
        let (first, second, third) = tokio::join!(Permit::of(&room), Permit::of(&room), async {
            let third = Permit::of(&room).await.is_some();
            assert_eq!(begun.elapsed(), Duration::ZERO, "no more than two may wait");
            advance(Duration::from_millis(20)).await;
            drop(seat);
            third
        });
        assert!(first.is_some() && second.is_none() && !third);
        assert_eq!(begun.elapsed(), MAX_QUEUE_WAIT);
    }

    /// So many come at once, and this is when the last of them was sent away.
    async fn crowd(room: &ConcurrencyLimiter, count: usize) -> Duration {
        let begun = Instant::now();
        assert!(join_all((0..count).map(|_| Permit::of(room))).await.iter().all(Option::is_none));
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn when_more_come_than_are_served_they_are_sent_away_almost_at_once() {
        let room = room(1, 10);
        let seat = Permit::of(&room).await;
        assert_eq!(crowd(&room, 10).await, MAX_QUEUE_WAIT);
        assert_eq!(crowd(&room, 10).await, MAX_QUEUE_WAIT, "nobody else was sent away for so long");
        let more = async {
            for _ in 0..=OVERLOAD_AFTER.as_millis() {
                assert!(Permit::of(&room).await.is_none());
                sleep(Duration::from_millis(1)).await;
            }
        };
        let (who_waited, ()) = tokio::join!(crowd(&room, 10), more);
        assert!((OVERLOAD_AFTER..2 * OVERLOAD_AFTER).contains(&who_waited), "{who_waited:?}");
        for _ in 0..100 {
            assert_eq!(crowd(&room, 10).await, MAX_QUEUE_WAIT_OVERLOADED);
        }
        drop(seat);
        advance(OVERLOAD_FORGOTTEN_AFTER).await;
        let _seat = Permit::of(&room).await.unwrap();
        assert_eq!(crowd(&room, 10).await, MAX_QUEUE_WAIT, "a crowd that comes later is waited for again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_is_let_in_though_it_is_too_large() {
        let room = room(1, 100);
        let each = async |room: &ConcurrencyLimiter| {
            let seat = Permit::of(room).await?;
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
        let mut first = Permit::of(&room).await.unwrap();
        first.use_it(false);
        let second = Permit::of(&room).await.unwrap();
        first.use_it(true);
        assert!(Permit::of(&room).await.is_none());
        drop(second);
        assert!(Permit::of(&room).await.is_none(), "two were there, and one is");
        drop(first);
        let again = Permit::of(&room).await.unwrap();
        assert!(Permit::of(&room).await.is_none());
        drop(again);
        assert_eq!(room.free_and_owed(), (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn seats_are_as_many_as_before_whoever_goes_first() {
        let room = room(1, 0);
        let mut first = Permit::of(&room).await.unwrap();
        first.use_it(false);
        let second = Permit::of(&room).await.unwrap();
        first.use_it(true);
        drop(first);
        drop(second);
        assert_eq!(room.free_and_owed(), (1, 0));
    }
}
