//! Wrong passwords cost waits that grow, so that they cannot be tried out, wherever one is asked for; and nobody who has
//! logged in before from where they are is kept out by what others fail at elsewhere.
//!
//! What fails is kept in memory: each process counts for itself, so that n replicas take n times as many. From where a
//! user has logged in is kept in the database.

mod ledger;
mod tally;
mod whose;

use crate::client_address::ClientAddress;
use crate::error::Error;
use crate::store;
use ledger::Ledger;
use shared::clock::Clock;
use shared::identity::Service;
use shared::ids::UserId;
use shared::metrics::{LimitHits, Metrics};
use shared::store::Store;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use whose::{Who, Whose};

/// Whose password is tried.
#[derive(Debug, Clone, Copy, Hash)]
pub enum Account<'a> {
    /// That of a user.
    User(UserId),
    /// That of a name which nobody has, by its key.
    Unknown(&'a str),
}

/// Says which check of a password has to wait.
pub struct Throttle {
    /// `None` where none has.
    ledger: Option<Mutex<Ledger>>,
    hasher: RandomState,
    clock: Clock,
    hits: Hits,
}

struct Hits {
    pair: LimitHits,
    account: LimitHits,
    address: LimitHits,
}

/// A password that is being tried. It has neither failed nor succeeded where it is dropped.
pub struct Attempt<'a> {
    throttle: &'a Throttle,
    who: Who,
    has_failed: bool,
}

impl Throttle {
    /// With nothing that has failed. One that is off holds nobody up.
    pub fn new(is_on: bool, clock: Clock, metrics: &Metrics) -> Self {
        let hits = |name| metrics.limit(Service::Auth, name);
        let hits = Hits {
            pair: hits("failed_logins_of_account_at_address"),
            account: hits("failed_logins_of_account"),
            address: hits("failed_logins_of_address"),
        };
        let ledger = is_on.then(|| Mutex::new(Ledger::new()));
        Self { ledger, hasher: RandomState::new(), clock, hits }
    }

    /// Begins a check of a password of this account, unless it has to wait.
    pub async fn begin(
        &self,
        store: &Store,
        account: Account<'_>,
        ClientAddress(address): ClientAddress,
    ) -> Result<Attempt<'_>, Error> {
        let mut who = Who { account: self.hasher.hash_one(account), address, is_known: false };
        let mut begun = self.try_begin(who);
        if let Err((Whose::Account(_) | Whose::Address(_), _)) = begun {
            // An unknown name costs the same query.
            let user = if let Account::User(user) = account { user } else { UserId::generate() };
            who.is_known = store::knows_address(store, user, address).await?;
            begun = if who.is_known { self.try_begin(who) } else { begun };
        }
        match begun {
            Ok(()) => Ok(Attempt { throttle: self, who, has_failed: false }),
            Err((whose, wait)) => {
                self.hits.of(whose).hit();
                Err(Error::TooManyFailures(wait))
            }
        }
    }

    /// Begins, or says for what and for how long to wait.
    fn try_begin(&self, who: Who) -> Result<(), (Whose, Duration)> {
        let Some(mut ledger) = self.ledger() else {
            return Ok(());
        };
        let now = self.clock.now();
        for whose in who.counts() {
            let wait = ledger.wait(whose, now);
            if !wait.is_zero() {
                return Err((whose, wait));
            }
        }
        who.counts().for_each(|whose| ledger.begin(whose, now));
        Ok(())
    }

    fn ledger(&self) -> Option<MutexGuard<'_, Ledger>> {
        Some(self.ledger.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Hits {
    fn of(&self, whose: Whose) -> &LimitHits {
        match whose {
            Whose::AccountAtAddress(..) => &self.pair,
            Whose::Account(_) => &self.account,
            Whose::Address(_) => &self.address,
        }
    }
}

impl Attempt<'_> {
    /// The password was wrong, or nobody has the name.
    pub fn failed(mut self) {
        self.has_failed = true;
    }

    /// It was the user.
    pub fn succeeded(self) {
        if let Some(mut ledger) = self.throttle.ledger() {
            ledger.forget(Whose::AccountAtAddress(self.who.account, self.who.address));
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(mut ledger) = self.throttle.ledger() {
            let now = self.throttle.clock.now();
            let end = if self.has_failed { Ledger::fail } else { Ledger::give_up };
            self.who.counts().for_each(|whose| end(&mut ledger, whose, now));
        }
    }
}
