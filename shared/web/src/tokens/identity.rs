//! The authenticated user.

use shared::ids::UserId;

/// The authenticated user. As an extractor, it fails with a 401 without a valid token.
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    /// The user's id.
    pub user_id: UserId,
}
