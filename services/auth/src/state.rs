//! What the handlers share.

use crate::config::TokenLife;
use crate::domain::{RegistrationPolicy, TokenHash};
use crate::hasher::Hasher;
use crate::password_grants::PasswordGrants;
use crate::store::{self, PendingLogins};
use crate::throttle::Throttle;
use shared::clock::Clock;
use shared::identity::TokenKeys;
use shared::ids::FamilyId;
use shared::store::outbox::Relay;
use shared::store::{KeyGuard, KeyedMutex, Store, StoreError};

/// What the handlers share.
pub struct State {
    /// The users and their refresh tokens.
    pub store: Store,
    /// Where the writers of one family queue before they take a connection.
    pub families: KeyedMutex<FamilyId>,
    /// The logins that are still to be written.
    pub pending_logins: PendingLogins,
    /// Who may register.
    pub registration: RegistrationPolicy,
    /// Hashes and checks passwords.
    pub hasher: Hasher,
    /// Says which login has to wait.
    pub throttle: Throttle,
    /// Limits the password grants from an address.
    pub password_grants: PasswordGrants,
    /// Signs access tokens.
    pub keys: TokenKeys,
    /// How long tokens live.
    pub tokens: TokenLife,
    /// Where the time comes from.
    pub clock: Clock,
    /// Tells the chat service of deleted accounts.
    pub relay: Relay,
}

impl State {
    /// Queues for the family of a refresh token, whose row is locked next; `None` where the token is not known.
    pub async fn lock_family(&self, token: &TokenHash) -> Result<Option<KeyGuard<FamilyId>>, StoreError> {
        match store::find_family(&self.store, token).await? {
            Some(family) => self.families.lock(family).await.map(Some),
            None => Ok(None),
        }
    }
}
