//! A request that counts among those that a replica has.

use super::room::Room;
use std::time::Duration;
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, sleep};

/// Between two looks whether a request has come whole.
const GLANCE: Duration = Duration::from_millis(20);

/// A request that a replica works on, until this is dropped.
pub(crate) struct Seat<'a> {
    place: Place<'a>,
    /// When it was taken, unless it was given up meanwhile.
    taken: Option<Instant>,
}

enum Place<'a> {
    /// Nobody counts.
    None,
    Taken(&'a Room, SemaphorePermit<'a>),
    /// Taken though there was none.
    Owed(&'a Room),
    /// Given up for a while.
    GivenUp(&'a Room),
}

impl<'a> Seat<'a> {
    /// Where nobody counts.
    pub(super) fn without_room() -> Self {
        Self { place: Place::None, taken: None }
    }

    /// One of a room.
    pub(super) fn taken(room: &'a Room, permit: SemaphorePermit<'a>) -> Self {
        Self { place: Place::Taken(room, permit), taken: Some(Instant::now()) }
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

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        match std::mem::replace(&mut self.place, Place::None) {
            Place::Taken(room, permit) => room.free(permit),
            Place::Owed(room) => room.free_owed(),
            Place::None | Place::GivenUp(_) => {}
        }
    }
}
