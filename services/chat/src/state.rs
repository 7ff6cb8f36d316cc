//! The state that handlers share.

use crate::account_deletion::AccountDeletion;
use crate::chat_forking::ChatForking;
use crate::clients::{Branches, Users};
use crate::store::Audience;
use shared::clock::Clock;
use shared::ids::ChatId;
use shared::undo_window::UndoWindow;
use shared_outbox::Relay;
use shared_store::{KeyedSemaphore, Store};

/// The state that handlers share.
pub struct State {
    /// Chats and conversation records.
    pub store: Store,
    /// Writers of one chat queue here before they take a connection.
    pub chat_locks: KeyedSemaphore<ChatId>,
    /// The auth service.
    pub users: Users,
    /// The branch service.
    pub branches: Branches,
    /// Delivers deletions and restores of chats.
    pub relay: Relay,
    /// The services that are told of them.
    pub audience: Audience,
    /// Deletes the chats of deleted accounts.
    pub account_deletion: AccountDeletion,
    /// Finishes forks of chats.
    pub chat_forking: ChatForking,
    /// How long a deleted chat can be restored.
    pub undo_window: UndoWindow,
    /// The clock.
    pub clock: Clock,
}
