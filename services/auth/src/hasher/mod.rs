//! bcrypt, off the async threads and within bounds.
//!
//! A hash takes a core for some 200 ms. At most one job a core runs at a time, and a bounded number waits; who comes
//! after that is told to try again, so that a crowd at the door cannot stop the house.

use crate::domain::Password;
use shared::server::StartError;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinError;

/// How many jobs may wait for each one that runs.
const QUEUE_PER_CORE: usize = 32;

/// A password that could not be hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Too many wait already.
    #[error("too many passwords wait to be checked")]
    Busy,
    /// The hash could not be computed, or a stored one not be read.
    #[error("a password could not be hashed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<bcrypt::BcryptError> for HashError {
    fn from(error: bcrypt::BcryptError) -> Self {
        Self::Failed(Box::new(error))
    }
}

impl From<JoinError> for HashError {
    fn from(error: JoinError) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// Hashes and checks passwords. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Hasher {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
    cost: u32,
    /// The hash of no password, so that an unknown user costs the same time.
    decoy: Arc<str>,
}

impl Hasher {
    /// A hasher that makes hashes of this cost.
    pub async fn new(cost: u32) -> Result<Self, StartError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let admitted = Arc::new(Semaphore::new(cores * (1 + QUEUE_PER_CORE)));
        let hasher = Self { admitted, running: Arc::new(Semaphore::new(cores)), cost, decoy: Arc::from("") };
        let decoy = hasher.run(move || bcrypt::hash("", cost)).await;
        let decoy = decoy.map_err(|error| StartError::Setup(format!("AUTH_BCRYPT_COST: {error}")))?;
        Ok(Self { decoy: Arc::from(decoy), ..hasher })
    }

    /// The hash of a new password.
    pub async fn hash(&self, password: Password) -> Result<String, HashError> {
        let cost = self.cost;
        // Nothing is cut: a `Password` has at most the 72 bytes that count. (The crate's own check would take 71.)
        self.run(move || bcrypt::hash(password.expose(), cost)).await
    }

    /// Whether a password belongs to a hash. Without a hash it takes as long, and does not.
    pub async fn verify(&self, password: Password, hash: Option<String>) -> Result<bool, HashError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.to_string());
        let matches = self.run(move || bcrypt::verify(password.expose(), &hash)).await?;
        Ok(known && matches)
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, bcrypt::BcryptError> + Send + 'static,
    ) -> Result<T, HashError> {
        let _admitted = self.admitted.try_acquire().map_err(|_| HashError::Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| HashError::Busy)?;
        // The permit goes along, because the job goes on when nobody waits for it any more.
        let result = tokio::task::spawn_blocking(move || {
            let result = job();
            drop(running);
            result
        });
        Ok(result.await??)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::candidate(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn the_right_password_counts_and_no_other() {
        let hasher = Hasher::new(4).await.unwrap();
        let hash = hasher.hash(password("correct horse")).await.unwrap();
        assert!(hasher.verify(password("correct horse"), Some(hash.clone())).await.unwrap());
        assert!(!hasher.verify(password("wrong horse"), Some(hash)).await.unwrap());
        assert!(!hasher.verify(password(""), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_that_python_has_made_is_known() {
        let hasher = Hasher::new(4).await.unwrap();
        let hash = "$2b$04$7C3HnxPHdeayPzlQ0WrV6.EDHlVSX5N9rU2E9Z.E04VWCofAun9qW".to_owned();
        assert!(hasher.verify(password("correct horse"), Some(hash.clone())).await.unwrap());
        assert!(!hasher.verify(password("wrong horse"), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn who_comes_when_too_many_wait_is_sent_away() {
        let hasher = Hasher::new(4).await.unwrap();
        let all = u32::try_from(hasher.admitted.available_permits()).unwrap();
        let _crowd = hasher.admitted.acquire_many(all).await.unwrap();
        assert!(matches!(hasher.hash(password("late")).await, Err(HashError::Busy)));
    }
}
