//! The user who calls.

use shared::ids::UserId;

/// The user who calls. As an extractor: without a token that counts the answer is a 401.
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    /// The user's id.
    pub user_id: UserId,
}
