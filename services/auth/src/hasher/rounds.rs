//! bcrypt at a configured cost, with a count of its rounds.

use bcrypt::{BcryptError, HashParts};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// bcrypt at a cost. Clones share the count.
#[derive(Debug, Clone)]
pub(super) struct Bcrypt {
    cost: u32,
    rounds: Arc<AtomicU64>,
}

impl Bcrypt {
    pub(super) fn new(cost: u32) -> Self {
        Self { cost, rounds: Arc::default() }
    }

    /// The cost of new hashes.
    pub(super) fn cost(&self) -> u32 {
        self.cost
    }

    /// The cost of a hash.
    pub(super) fn cost_of(hash: &str) -> Result<u32, BcryptError> {
        Ok(hash.parse::<HashParts>()?.get_cost())
    }

    /// The hash of a password, with a new salt.
    pub(super) fn hash(&self, password: &str) -> Result<String, BcryptError> {
        self.hash_at(self.cost, password)
    }

    /// Whether a password matches a hash. It takes the rounds of the hash's cost.
    pub(super) fn verify(&self, password: &str, hash: &str) -> Result<bool, BcryptError> {
        self.count(Self::cost_of(hash)?);
        bcrypt::verify(password, hash)
    }

    /// Computes the rounds that a hash of the cost `taken` lacks to the configured cost.
    pub(super) fn harden_runtime(&self, taken: u32, password: &str) -> Result<(), BcryptError> {
        (taken..self.cost).try_for_each(|cost| self.hash_at(cost, password).map(drop))
    }

    /// The rounds computed so far.
    #[cfg(test)]
    pub(super) fn rounds(&self) -> u64 {
        self.rounds.load(Ordering::Relaxed)
    }

    fn hash_at(&self, cost: u32, password: &str) -> Result<String, BcryptError> {
        self.count(cost);
        bcrypt::hash(password, cost)
    }

    fn count(&self, cost: u32) {
        self.rounds.fetch_add(1_u64.checked_shl(cost).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}
