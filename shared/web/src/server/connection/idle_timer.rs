//! The idle time-out of a connection.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is restarted with each response.
pub(super) struct IdleTimer {
    timeout: Duration,
    deadline: Instant,
    /// Fires at the deadline or before it, as it is not reset for each response.
    sleep: Pin<Box<Sleep>>,
}

impl IdleTimer {
    pub(super) fn new(timeout: Duration) -> Self {
        let deadline = Instant::now() + timeout;
        Self { timeout, deadline, sleep: Box::pin(sleep_until(deadline)) }
    }

    /// Restarts the time-out after a response was written.
    pub(super) fn restart(&mut self, context: &mut Context<'_>) {
        self.deadline = Instant::now() + self.timeout;
        // Registers the waker.
        let _: Poll<()> = self.poll_over(context);
    }

    /// Ready once the time is over; until then the task is woken at the deadline.
    pub(super) fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.sleep.as_mut().poll(context));
            if Instant::now() >= self.deadline {
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(self.deadline);
        }
    }
}
