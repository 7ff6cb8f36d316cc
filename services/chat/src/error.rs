//! What can go wrong, and how it is answered.

use actix_web::http::StatusCode;
use shared::client::CallError;
use shared::idempotency::key_reused;
use shared::problem::{ApiError, Problem};
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

impl ApiError for Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::ChatNotFound | Self::BranchNotFound | Self::ConversationNotFound => StatusCode::NOT_FOUND,
            Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Store(error) => error.status(),
            Self::Call(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::InvalidToken => "invalid_token",
            Self::Forbidden => "forbidden",
            Self::ChatNotFound => "chat_not_found",
            Self::BranchNotFound => "branch_not_found",
            Self::ConversationNotFound => "conversation_not_found",
            Self::KeyReused => "idempotency_key_reused",
            Self::Store(error) => error.code(),
            Self::Call(_) => "service_unavailable",
        }
    }

    fn decorate(&self, problem: Problem) -> Problem {
        match self {
            Self::KeyReused => key_reused(),
            Self::InvalidToken
            | Self::Forbidden
            | Self::ChatNotFound
            | Self::BranchNotFound
            | Self::ConversationNotFound
            | Self::Store(_)
            | Self::Call(_) => problem,
        }
    }
}
