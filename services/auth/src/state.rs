//! What the handlers share.

use crate::config::TokenLife;
use crate::hasher::Hasher;
use crate::store::PendingLogins;
use crate::throttle::Throttle;
use shared::clock::Clock;
use shared::identity::TokenKeys;
use shared::store::Store;
use shared::store::outbox::Relay;

/// What the handlers share.
pub struct State {
    /// The users and their refresh tokens.
    pub store: Store,
    /// The logins that are still to be written.
    pub pending_logins: PendingLogins,
    /// Hashes and checks passwords.
    pub hasher: Hasher,
    /// Says which login has to wait.
    pub throttle: Throttle,
    /// Signs access tokens.
    pub keys: TokenKeys,
    /// How long tokens live.
    pub tokens: TokenLife,
    /// Where the time comes from.
    pub clock: Clock,
    /// Tells the chat service of deleted accounts.
    pub relay: Relay,
}
