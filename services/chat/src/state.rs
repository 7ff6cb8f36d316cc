//! What the handlers share.

use crate::account_deletion::AccountDeletion;
use crate::clients::{Branches, Users};
use shared::clock::Clock;
use shared::ids::ChatId;
use shared::store::outbox::Relay;
use shared::store::{KeyedMutex, Store};

/// What the handlers share.
pub struct State {
    /// Chats and conversation records.
    pub store: Store,
    /// Where the writers of one chat queue before they take a connection.
    pub chat_locks: KeyedMutex<ChatId>,
    /// The auth service.
    pub users: Users,
    /// The branch service.
    pub branches: Branches,
    /// Tells the branch service of deleted chats.
    pub relay: Relay,
    /// Deletes all that belongs to an account.
    pub account_deletion: AccountDeletion,
    /// Where the time comes from.
    pub clock: Clock,
}
