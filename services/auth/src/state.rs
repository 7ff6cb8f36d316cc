//! The state that handlers share.

use crate::config::TokenLife;
use crate::domain::{RegistrationPolicy, TokenHash};
use crate::hasher::Hasher;
use crate::password_grants::PasswordGrants;
use crate::store::{self, PendingLogins};
use crate::throttle::Throttle;
use shared::clock::Clock;
use shared::ids::FamilyId;
use shared_outbox::Relay;
use shared_store::{KeyPermit, KeyedSemaphore, Store, StoreError};
use shared_web::tokens::TokenKeys;

/// The state that handlers share.
pub struct State {
    /// Users and refresh tokens.
    pub store: Store,
    /// Writers of one token family queue here before they take a connection.
    pub families: KeyedSemaphore<FamilyId>,
    /// Logins that are not written yet.
    pub pending_logins: PendingLogins,
    /// The registration policy: open or closed.
    pub registration: RegistrationPolicy,
    /// bcrypt.
    pub hasher: Hasher,
    /// Throttles password checks.
    pub throttle: Throttle,
    /// Limits the password grants from an address.
    pub password_grants: PasswordGrants,
    /// Signs access tokens.
    pub keys: TokenKeys,
    /// The lifetimes of tokens.
    pub tokens: TokenLife,
    /// The clock.
    pub clock: Clock,
    /// Whether the answer service is told of deleted accounts.
    pub has_answers: bool,
    /// Delivers deletions of accounts to the other services.
    pub relay: Relay,
}

impl State {
    /// Waits until no other request of this process changes the family of a refresh token. `None` if the token is unknown.
    pub async fn lock_family(&self, token: &TokenHash) -> Result<Option<KeyPermit<FamilyId>>, StoreError> {
        match store::find_family(&self.store, token).await? {
            Some(family) => self.families.acquire(family).await.map(Some),
            None => Ok(None),
        }
    }
}
