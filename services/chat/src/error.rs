//! What can go wrong.

use shared::client::CallError;
use shared::store::StoreError;

/// An error of the chat service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 401: the access token's user is gone.
    #[error("Invalid token")]
    InvalidToken,
    /// 403: a record should be made for somebody else.
    #[error("The account is not yours")]
    Forbidden,
    /// 404: there is no such chat, or it is another user's.
    #[error("Chat not found")]
    ChatNotFound,
    /// 404: there is no such branch in this chat.
    #[error("Branch not found")]
    BranchNotFound,
    /// 404: there is no such record, or it is another user's.
    #[error("Conversation not found")]
    ConversationNotFound,
    /// 422: the idempotency key came before with another request.
    #[error("The key was used before with another request body")]
    KeyReused,
    /// 503 or 500: the database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// 503: another service did not answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}
