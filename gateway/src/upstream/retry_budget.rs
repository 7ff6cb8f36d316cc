//! How many requests may be sent again.

use std::cell::Cell;

/// How many requests may be sent again: one for each five, and a few more after a quiet time. When everything fails,
/// more would only add to the load.
pub(crate) struct RetryBudget(Cell<u32>);

impl RetryBudget {
    /// What sending again takes, where each request brings 1.
    const PRICE: u32 = 5;
    const MOST: u32 = 10 * Self::PRICE;

    pub(super) const fn new() -> Self {
        Self(Cell::new(Self::MOST))
    }

    /// A request has come.
    pub(crate) fn earn(&self) {
        self.0.set(Self::MOST.min(self.0.get() + 1));
    }

    /// Whether there is enough to spend.
    pub(crate) fn is_left(&self) -> bool {
        self.0.get() >= Self::PRICE
    }

    /// Whether a request may be sent again.
    pub(crate) fn spend(&self) -> bool {
        let left = self.0.get().checked_sub(Self::PRICE);
        self.0.set(left.unwrap_or(self.0.get()));
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_of_the_requests_may_be_sent_again() {
        let budget = RetryBudget::new();
        let again = (0..1000).filter(|_| {
            budget.earn();
            budget.spend()
        });
        assert!((200..=210).contains(&again.count()));
    }
}
