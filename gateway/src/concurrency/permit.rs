//! A permit: what a request holds while it counts against a concurrency limit.

use super::limiter::ConcurrencyLimiter;
use super::stream_limiter::StreamPermit;
use std::time::Duration;
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, sleep};

/// Between two checks whether the body of a request has come whole.
const BODY_POLL_INTERVAL: Duration = Duration::from_millis(20);

/// One request of the limit, until drop.
pub(crate) struct Permit<'a> {
    state: PermitState<'a>,
    /// When it was acquired; `None` once it was suspended, as the latency is the client's then.
    acquired: Option<Instant>,
}

enum PermitState<'a> {
    /// There is no limit.
    Unlimited,
    Held(&'a ConcurrencyLimiter, SemaphorePermit<'a>),
    /// Resumed while no permit was available.
    OverLimit(&'a ConcurrencyLimiter),
    /// Released while the body of the request comes.
    Suspended(&'a ConcurrencyLimiter),
    /// Held until the end of the response.
    Stream(StreamPermit),
}

impl<'a> Permit<'a> {
    /// A permit without a limit.
    pub(super) fn unlimited() -> Self {
        Self { state: PermitState::Unlimited, acquired: None }
    }

    /// The permit of a request whose response may be a stream.
    pub(super) fn for_stream(permit: StreamPermit) -> Self {
        Self { state: PermitState::Stream(permit), acquired: None }
    }

    /// Acquires a permit; `None` if none became available in time.
    pub(super) async fn acquire(limiter: &'a ConcurrencyLimiter) -> Option<Self> {
        let permit = limiter.acquire().await?;
        Some(Self { state: PermitState::Held(limiter, permit), acquired: Some(Instant::now()) })
    }

    /// Holds the permit while a request is sent and answered. That of a stream is returned, to be held until its end.
    ///
    /// A body that takes longer than [`BODY_POLL_INTERVAL`] suspends the permit until it has come whole, as the replica has
    /// little to do until then. `is_complete` is `None` for a request whose body is complete from the start.
    pub(crate) async fn hold_during<T>(
        mut self,
        is_complete: Option<impl Fn() -> bool>,
        work: impl Future<Output = T>,
    ) -> (T, Option<StreamPermit>) {
        tokio::pin!(work);
        let done = match is_complete {
            None => work.await,
            Some(is_complete) => loop {
                tokio::select! {
                    biased;
                    done = &mut work => break done,
                    () = sleep(BODY_POLL_INTERVAL) => if is_complete() { self.resume() } else { self.suspend() },
                }
            },
        };
        self.record_latency();
        (done, self.take_stream())
    }

    fn take_stream(&mut self) -> Option<StreamPermit> {
        match std::mem::replace(&mut self.state, PermitState::Unlimited) {
            PermitState::Stream(permit) => Some(permit),
            state => {
                self.state = state;
                None
            }
        }
    }

    fn record_latency(&self) {
        if let (PermitState::Held(limiter, _), Some(acquired)) = (&self.state, self.acquired) {
            limiter.record_latency(acquired.elapsed());
        }
    }

    /// Releases the permit until [`Self::resume`].
    fn suspend(&mut self) {
        self.acquired = None;
        self.state = match std::mem::replace(&mut self.state, PermitState::Unlimited) {
            PermitState::Held(limiter, permit) => {
                limiter.release(permit);
                PermitState::Suspended(limiter)
            }
            PermitState::OverLimit(limiter) => {
                limiter.release_over_limit();
                PermitState::Suspended(limiter)
            }
            state @ (PermitState::Unlimited | PermitState::Suspended(_) | PermitState::Stream(_)) => state,
        };
    }

    /// Acquires the permit again, over the limit where none is available: a request that has begun is not broken off.
    fn resume(&mut self) {
        let PermitState::Suspended(limiter) = self.state else { return };
        self.state = if let Some(permit) = limiter.try_acquire() {
            PermitState::Held(limiter, permit)
        } else {
            limiter.acquire_over_limit();
            PermitState::OverLimit(limiter)
        };
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        match std::mem::replace(&mut self.state, PermitState::Unlimited) {
            PermitState::Held(limiter, permit) => limiter.release(permit),
            PermitState::OverLimit(limiter) => limiter.release_over_limit(),
            PermitState::Unlimited | PermitState::Suspended(_) | PermitState::Stream(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::limiter::{MAX_QUEUE_WAIT, MAX_QUEUE_WAIT_OVERLOADED};
    use super::super::overload::{OVERLOAD_AFTER, OVERLOAD_FORGOTTEN_AFTER};
    use super::*;
    use futures_util::future::join_all;
    use shared_web::metrics::LimitHits;
    use tokio::time::advance;

    fn limiter(permits: usize, max_queued: usize) -> ConcurrencyLimiter {
        ConcurrencyLimiter::new(permits, max_queued, LimitHits::default())
    }

    #[tokio::test(start_paused = true)]
    async fn a_queued_request_is_rejected_after_the_longest_wait_and_a_full_queue_rejects_at_once() {
        let limiter = limiter(1, 2);
        let permit = Permit::acquire(&limiter).await.unwrap();
        let started = Instant::now();

        let (first, second, third) =
            tokio::join!(Permit::acquire(&limiter), Permit::acquire(&limiter), async {
                let third = Permit::acquire(&limiter).await.is_some();
                assert_eq!(started.elapsed(), Duration::ZERO, "no more than two may queue");
                advance(Duration::from_millis(20)).await;
                drop(permit);
                third
            });

        assert!(first.is_some() && second.is_none() && !third);
        assert_eq!(started.elapsed(), MAX_QUEUE_WAIT);
    }

    /// The time until the last of a burst of this many requests was rejected.
    async fn reject_burst(limiter: &ConcurrencyLimiter, count: usize) -> Duration {
        let started = Instant::now();
        let permits = join_all((0..count).map(|_| Permit::acquire(limiter))).await;
        assert!(permits.iter().all(Option::is_none));
        started.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn under_overload_queued_requests_are_rejected_within_5_ms() {
        let limiter = limiter(1, 10);
        let permit = Permit::acquire(&limiter).await;
        assert_eq!(reject_burst(&limiter, 10).await, MAX_QUEUE_WAIT);
        assert_eq!(reject_burst(&limiter, 10).await, MAX_QUEUE_WAIT, "the rejections before are forgotten");

        let more = async {
            for _ in 0..=OVERLOAD_AFTER.as_millis() {
                assert!(Permit::acquire(&limiter).await.is_none());
                sleep(Duration::from_millis(1)).await;
            }
        };
        let (waited, ()) = tokio::join!(reject_burst(&limiter, 10), more);
        assert!((OVERLOAD_AFTER..2 * OVERLOAD_AFTER).contains(&waited), "{waited:?}");
        for _ in 0..100 {
            assert_eq!(reject_burst(&limiter, 10).await, MAX_QUEUE_WAIT_OVERLOADED);
        }

        drop(permit);
        advance(OVERLOAD_FORGOTTEN_AFTER).await;
        let _permit = Permit::acquire(&limiter).await.unwrap();
        assert_eq!(reject_burst(&limiter, 10).await, MAX_QUEUE_WAIT, "a later burst is queued again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_of_more_than_the_limit_is_served_up_to_the_queue() {
        let limiter = limiter(1, 100);
        let serve = async |limiter: &ConcurrencyLimiter| {
            let permit = Permit::acquire(limiter).await?;
            sleep(Duration::from_millis(10)).await;
            drop(permit);
            Some(())
        };

        let served = join_all((0..110).map(|_| serve(&limiter))).await;

        assert_eq!(served.iter().flatten().count(), 101);
    }

    #[tokio::test(start_paused = true)]
    async fn a_suspended_permit_is_free_for_others_and_is_acquired_again() {
        let limiter = limiter(1, 0);
        let mut first = Permit::acquire(&limiter).await.unwrap();
        first.suspend();
        let second = Permit::acquire(&limiter).await.unwrap();
        first.resume();
        assert!(Permit::acquire(&limiter).await.is_none());

        drop(second);
        assert!(Permit::acquire(&limiter).await.is_none(), "two were out, and one still is");

        drop(first);
        let again = Permit::acquire(&limiter).await.unwrap();
        assert!(Permit::acquire(&limiter).await.is_none());
        drop(again);
        assert_eq!(limiter.available_and_debt(), (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn no_permit_is_lost_in_whichever_order_they_are_released() {
        let limiter = limiter(1, 0);
        let mut first = Permit::acquire(&limiter).await.unwrap();
        first.suspend();
        let second = Permit::acquire(&limiter).await.unwrap();
        first.resume();

        drop(first);
        drop(second);

        assert_eq!(limiter.available_and_debt(), (1, 0));
    }
}
