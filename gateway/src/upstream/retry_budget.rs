//! Retry budget: how many requests may be sent again, as in Finagle and tower.

use std::cell::Cell;

/// A budget of one retry for each five requests, and of ten after a quiet time. When everything fails, more would only add to
/// the load.
pub(crate) struct RetryBudget(Cell<u32>);

impl RetryBudget {
    /// What a retry costs, where each request deposits 1.
    const COST_PER_RETRY: u32 = 5;
    const MAX_BALANCE: u32 = 10 * Self::COST_PER_RETRY;

    pub(super) const fn new() -> Self {
        Self(Cell::new(Self::MAX_BALANCE))
    }

    /// Deposits what a new request adds.
    pub(crate) fn deposit(&self) {
        self.0.set(Self::MAX_BALANCE.min(self.0.get() + 1));
    }

    /// Whether the balance covers a retry.
    pub(crate) fn has_retry(&self) -> bool {
        self.0.get() >= Self::COST_PER_RETRY
    }

    /// Withdraws a retry; false, and nothing withdrawn, if the balance does not cover it.
    pub(crate) fn withdraw(&self) -> bool {
        let left = self.0.get().checked_sub(Self::COST_PER_RETRY);
        self.0.set(left.unwrap_or(self.0.get()));
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_fifth_of_the_requests_may_be_sent_again() {
        let budget = RetryBudget::new();
        let retries = (0..1000).filter(|_| {
            budget.deposit();
            budget.withdraw()
        });

        assert!((200..=210).contains(&retries.count()));
    }

    /// tower's `TpsBudget` with a reserve of one retry a second sends each of these twice.
    #[tokio::test(start_paused = true)]
    async fn a_budget_does_not_refill_with_time() {
        let budget = RetryBudget::new();
        let mut retries = 0;

        for _ in 0..1000 {
            budget.deposit();
            retries += u32::from(budget.withdraw());
            tokio::time::advance(Duration::from_secs(1)).await;
        }

        assert!((200..=210).contains(&retries), "{retries}");
    }

    /// tower's budget can only be withdrawn from.
    #[test]
    fn to_ask_whether_a_retry_is_left_takes_none() {
        let budget = RetryBudget::new();

        let answers = [(); 100].map(|()| budget.has_retry());
        let retries = (0..100).filter(|_| budget.withdraw()).count();

        assert_eq!((answers, retries), ([true; 100], 10));
        assert!(!budget.has_retry());
    }
}
