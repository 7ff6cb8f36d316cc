//! Throttling of password checks: failures cost waits that grow, at every endpoint that takes a password. A user who has
//! logged in before from the same address is not locked out by failures from elsewhere.
//!
//! Failures are counted in memory, by each process for itself, so that n replicas take n times as many. The addresses from
//! which a user has logged in are kept in the database.

mod failure_counter;
mod failure_store;
mod throttle_key;

use crate::client_address::ClientAddress;
use crate::error::Error;
use crate::store;
use failure_store::FailureStore;
use shared::clock::Clock;
use shared::ids::UserId;
use shared::service::Service;
use shared_store::Store;
use shared_web::metrics::{LimitHits, Metrics};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use throttle_key::{LoginSource, ThrottleKey};

/// The account whose password is tried.
#[derive(Debug, Clone, Copy, Hash)]
pub enum Account<'a> {
    /// A user's.
    User(UserId),
    /// None: a name without a user, by its name key.
    Unknown(&'a str),
}

/// Decides whether a password check has to wait.
pub struct Throttle {
    /// `None` if the throttle is off.
    failures: Option<Mutex<FailureStore>>,
    hasher: RandomState,
    clock: Clock,
    hits: Hits,
}

struct Hits {
    pair: LimitHits,
    account: LimitHits,
    address: LimitHits,
}

/// A password check under way. Dropped, it has neither failed nor succeeded.
pub struct Attempt<'a> {
    throttle: &'a Throttle,
    source: LoginSource,
    has_failed: bool,
}

impl Throttle {
    /// A throttle without failures. One that is off lets everything through.
    pub fn new(is_on: bool, clock: Clock, metrics: &Metrics) -> Self {
        let hits = |name| metrics.limit_hits_counter(Service::Auth, name);
        let hits = Hits {
            pair: hits("failed_logins_of_account_at_address"),
            account: hits("failed_logins_of_account"),
            address: hits("failed_logins_of_address"),
        };
        let failures = is_on.then(|| Mutex::new(FailureStore::new()));
        Self { failures, hasher: RandomState::new(), clock, hits }
    }

    /// Begins a password check, or fails with the wait before the next one.
    pub async fn begin(
        &self,
        store: &Store,
        account: Account<'_>,
        ClientAddress(address): ClientAddress,
    ) -> Result<Attempt<'_>, Error> {
        let mut source = LoginSource { account: self.hasher.hash_one(account), address, is_known: false };
        let mut begun = self.try_begin(source);
        if let Err((ThrottleKey::Account(_) | ThrottleKey::Address(_), _)) = begun {
            // An unknown name costs the same query.
            let user = if let Account::User(user) = account { user } else { UserId::generate() };
            source.is_known = store::knows_address(store, user, address).await?;
            begun = if source.is_known { self.try_begin(source) } else { begun };
        }
        match begun {
            Ok(()) => Ok(Attempt { throttle: self, source, has_failed: false }),
            Err((key, wait)) => {
                self.hits.of(key).hit();
                Err(Error::TooManyFailures(wait))
            }
        }
    }

    /// Begins, or returns the key that has to wait, and how long.
    fn try_begin(&self, source: LoginSource) -> Result<(), (ThrottleKey, Duration)> {
        let Some(mut failures) = self.failures() else {
            return Ok(());
        };
        let now = self.clock.now();
        for key in source.keys() {
            let wait = failures.wait(key, now);
            if !wait.is_zero() {
                return Err((key, wait));
            }
        }
        source.keys().for_each(|key| failures.begin(key, now));
        Ok(())
    }

    fn failures(&self) -> Option<MutexGuard<'_, FailureStore>> {
        Some(self.failures.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Hits {
    fn of(&self, key: ThrottleKey) -> &LimitHits {
        match key {
            ThrottleKey::AccountAtAddress(..) => &self.pair,
            ThrottleKey::Account(_) => &self.account,
            ThrottleKey::Address(_) => &self.address,
        }
    }
}

impl Attempt<'_> {
    /// Ends the check: the password is wrong, or the name unknown.
    pub fn failed(mut self) {
        self.has_failed = true;
    }

    /// Ends the check: the password is right.
    pub fn succeeded(self) {
        if let Some(mut failures) = self.throttle.failures() {
            failures.forget(ThrottleKey::AccountAtAddress(self.source.account, self.source.address));
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(mut failures) = self.throttle.failures() {
            let now = self.throttle.clock.now();
            let end = if self.has_failed { FailureStore::fail } else { FailureStore::cancel };
            self.source.keys().for_each(|key| end(&mut failures, key, now));
        }
    }
}
