//! The errors of the service.

use shared_store::StoreError;
use shared_web::service_client::CallError;

/// An error of the chat service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 401: the access token's user is deleted.
    #[error("Invalid token")]
    InvalidToken,
    /// 403: the request names another account.
    #[error("The account is not yours")]
    Forbidden,
    /// 404: no such chat, or another user's.
    #[error("Chat not found")]
    ChatNotFound,
    /// 404: no such branch in this chat.
    #[error("Branch not found")]
    BranchNotFound,
    /// 404: no such message in this chat.
    #[error("Message not found")]
    MessageNotFound,
    /// 404: no such record, or another user's.
    #[error("Conversation not found")]
    ConversationNotFound,
    /// 422: the idempotency key was used with another request.
    #[error("The key was used before with another request body")]
    KeyReused,
    /// 503 or 500: the database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// 503: a call to another service failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}
