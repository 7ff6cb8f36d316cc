//! How long nothing has been answered.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// Tells when nothing was answered for so long.
pub(super) struct IdleTimer {
    timeout: Duration,
    deadline: Instant,
    /// Rings at the deadline or before, as it is not set anew for each answer.
    sleep: Pin<Box<Sleep>>,
}

impl IdleTimer {
    pub(super) fn new(timeout: Duration) -> Self {
        let deadline = Instant::now() + timeout;
        Self { timeout, deadline, sleep: Box::pin(sleep_until(deadline)) }
    }

    /// An answer was written.
    pub(super) fn restart(&mut self, context: &mut Context<'_>) {
        self.deadline = Instant::now() + self.timeout;
        // It is not over, but may have to be set.
        let _: Poll<()> = self.poll_over(context);
    }

    /// Whether the time is over; if it is not, the task is woken by then.
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
