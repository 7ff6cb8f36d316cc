//! The bounded queue in front of the threads of a SQLite file.
//!
//! ```text
//! push ──> queued ──> pop: taken by a thread
//!    └───> refused, if the queue is full or closed
//! ```
//!
//! The thread that was idle for the shortest time is woken first: the pages that it has cached are those of the last operations.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

/// A queue with many senders and a few threads that receive. A fast sender wakes at most one of them.
#[derive(Debug)]
pub(super) struct Queue<J> {
    state: Mutex<State<J>>,
    capacity: usize,
}

#[derive(Debug)]
struct State<J> {
    jobs: VecDeque<J>,
    /// Threads that are parked, or about to.
    idle: Vec<Thread>,
    is_closed: bool,
}

impl<J> Queue<J> {
    pub(super) fn new(capacity: usize) -> Self {
        let state = State { jobs: VecDeque::new(), idle: Vec::new(), is_closed: false };
        Self { state: Mutex::new(state), capacity }
    }

    /// Adds a job; false if the queue is full or closed.
    pub(super) fn push(&self, job: J) -> bool {
        let mut state = self.state();
        if state.is_closed || state.jobs.len() >= self.capacity {
            return false;
        }
        state.jobs.push_back(job);
        let idle = state.idle.pop();
        drop(state);
        if let Some(thread) = idle {
            thread.unpark();
        }
        true
    }

    /// Waits for a job; `None` once the queue is closed and empty.
    pub(super) fn pop(&self) -> Option<J> {
        loop {
            let mut state = self.state();
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.is_closed {
                return None;
            }
            let this = thread::current();
            // It is still there if the thread was woken for another reason.
            state.idle.retain(|idle| idle.id() != this.id());
            state.idle.push(this);
            drop(state);
            thread::park();
        }
    }

    /// The first job that waits, if it is one of these.
    pub(super) fn try_pop_if(&self, is_wanted: impl FnOnce(&J) -> bool) -> Option<J> {
        self.state().jobs.pop_front_if(|job| is_wanted(job))
    }

    /// Refuses further jobs. Those that wait are still received.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        state.idle.drain(..).for_each(|thread| thread.unpark());
    }

    /// The number of jobs that wait.
    pub(super) fn len(&self) -> usize {
        self.state().jobs.len()
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
