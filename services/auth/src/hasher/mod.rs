//! bcrypt, off the async threads and within bounds.
//!
//! A hash takes a core for some 200 ms. One job a core runs at a time, and a bounded number waits; further requests are
//! answered 503, so that a burst of logins cannot stall the service.
//!
//! A wrong password takes the rounds of the configured cost, whether the name is known or not. A stored hash of a lower cost
//! `c` takes 2^c; hashes of the costs from `c` up to the configured one are computed after it and dropped, which makes
//! 2^c + 2^c + 2^(c+1) + ... = 2^cost (as Django's `harden_runtime` does).

mod error;
mod queue;
mod rounds;

pub use error::HashError;

use crate::domain::Password;
use queue::HashQueue;
use rounds::Bcrypt;
use shared::error::StartError;
use shared_web::metrics::Metrics;
use std::sync::Arc;

/// The result of a password check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The password does not match, or there is no hash.
    Wrong,
    /// The password matches.
    Right {
        /// Whether the hash has another cost than the configured one, and should be renewed.
        is_outdated: bool,
    },
}

/// Hashes and checks passwords. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Hasher {
    queue: HashQueue,
    bcrypt: Bcrypt,
    /// The hash that stands in for that of an unknown user, so that the check takes the same time.
    decoy: Arc<str>,
}

impl Hasher {
    /// A hasher for hashes of this cost.
    pub async fn new(cost: u32) -> Result<Self, StartError> {
        let hasher = Self { queue: HashQueue::new(), bcrypt: Bcrypt::new(cost), decoy: Arc::from("") };
        let decoy = hasher.run(|bcrypt| bcrypt.hash("")).await;
        let decoy = decoy.map_err(|error| StartError::Setup(format!("AUTH_BCRYPT_COST: {error}")))?;
        Ok(Self { decoy: Arc::from(decoy), ..hasher })
    }

    /// Registers the gauges of running and waiting jobs.
    pub fn observe(&self, metrics: &Metrics) {
        self.queue.observe(metrics);
    }

    /// The hash of a new password.
    pub async fn hash(&self, password: Password) -> Result<String, HashError> {
        // Nothing is cut: a `Password` has at most the 72 bytes that count. (The crate's own check would take 71.)
        self.run(move |bcrypt| bcrypt.hash(password.expose())).await
    }

    /// Checks a password against a hash. Without a hash it takes as long as for a wrong password, and is wrong.
    pub async fn verify(&self, password: Password, hash: Option<String>) -> Result<Verdict, HashError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.to_string());
        self.run(move |bcrypt| {
            let cost = Bcrypt::cost_of(&hash)?;
            if bcrypt.verify(password.expose(), &hash)? && known {
                return Ok(Verdict::Right { is_outdated: cost != bcrypt.cost() });
            }
            bcrypt.harden_runtime(cost, password.expose())?;
            Ok(Verdict::Wrong)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Bcrypt) -> Result<T, bcrypt::BcryptError> + Send + 'static,
    ) -> Result<T, HashError> {
        let bcrypt = self.bcrypt.clone();
        Ok(self.queue.run(move || job(&bcrypt)).await??)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::candidate(text.to_owned()).unwrap()
    }

    async fn hash_of_cost(cost: u32) -> String {
        Hasher::new(cost).await.unwrap().hash(password("correct horse")).await.unwrap()
    }

    #[tokio::test]
    async fn only_the_right_password_matches() {
        let hasher = Hasher::new(4).await.unwrap();
        let hash = hash_of_cost(4).await;
        let right = Verdict::Right { is_outdated: false };

        assert_eq!(hasher.verify(password("correct horse"), Some(hash.clone())).await.unwrap(), right);
        assert_eq!(hasher.verify(password("wrong horse"), Some(hash)).await.unwrap(), Verdict::Wrong);
        assert_eq!(hasher.verify(password(""), None).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn a_hash_made_by_python_is_accepted() {
        let hasher = Hasher::new(4).await.unwrap();
        let hash = "$2b$04$7C3HnxPHdeayPzlQ0WrV6.EDHlVSX5N9rU2E9Z.E04VWCofAun9qW".to_owned();
        let right = Verdict::Right { is_outdated: false };

        assert_eq!(hasher.verify(password("correct horse"), Some(hash.clone())).await.unwrap(), right);
        assert_eq!(hasher.verify(password("wrong horse"), Some(hash)).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn a_wrong_password_takes_the_rounds_of_the_configured_cost_whatever_the_hash_has() {
        let hasher = Hasher::new(8).await.unwrap();
        let mut hashes = vec![None];
        for cost in 4..=8 {
            hashes.push(Some(hash_of_cost(cost).await));
        }
        for hash in hashes {
            let before = hasher.bcrypt.rounds();
            let verdict = hasher.verify(password("wrong horse"), hash.clone()).await.unwrap();
            assert_eq!(verdict, Verdict::Wrong);
            assert_eq!(hasher.bcrypt.rounds() - before, 1 << 8, "{hash:?}");
        }
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_is_outdated() {
        let hasher = Hasher::new(5).await.unwrap();
        for cost in 4..=6 {
            let before = hasher.bcrypt.rounds();
            let right = password("correct horse");
            let verdict = hasher.verify(right, Some(hash_of_cost(cost).await)).await.unwrap();
            assert_eq!(verdict, Verdict::Right { is_outdated: cost != 5 });
            assert_eq!(hasher.bcrypt.rounds() - before, 1 << cost);
        }
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let hasher = Hasher::new(4).await.unwrap();
        let _permits = hasher.queue.fill().await;
        assert!(matches!(hasher.hash(password("late")).await, Err(HashError::Busy)));
    }
}
