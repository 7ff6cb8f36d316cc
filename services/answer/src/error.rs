//! The errors of the service.

use crate::keyring::KeyringError;
use shared::ids::ResponseId;
use shared_store::StoreError;
use shared_web::service_client::CallError;

/// An error of the answer service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 401: the account of the token is deleted.
    #[error("Invalid token")]
    InvalidToken,
    /// 404: no such chat, or another user's.
    #[error("Chat not found")]
    ChatNotFound,
    /// 404: no such branch in this chat.
    #[error("Branch not found")]
    BranchNotFound,
    /// 404: no such message on the line.
    #[error("Message not found")]
    MessageNotFound,
    /// 404: no such answer, or another user's.
    #[error("Answer not found")]
    AnswerNotFound,
    /// 404: the deployment has no such model.
    #[error("Model not found")]
    ModelNotFound,
    /// 404: no model of the deployment has such a provider.
    #[error("Provider not found")]
    ProviderNotFound,
    /// 404: the user has no key for such a provider.
    #[error("Provider key not found")]
    ProviderKeyNotFound,
    /// 409: the head of the branch is another one.
    #[error("The head has moved")]
    HeadMoved(Option<ResponseId>),
    /// 409: an answer is under way at the head of the branch, or is itself to be regenerated.
    #[error("An answer is under way")]
    AnswerRunning(ResponseId),
    /// 422: a field of the body has more bytes than the deployment takes.
    #[error("Input should have at most {max} bytes")]
    TooManyBytes {
        /// The field.
        field: &'static str,
        /// The limit.
        max: usize,
    },
    /// 422: the line is too long for the model, and nothing may be left out.
    #[error("The line is too long for the model")]
    ContextTooLong,
    /// 422: the model takes no images, or none from there, or no such parts of a content.
    #[error("The model takes no such input")]
    UnsupportedInput,
    /// 422: the idempotency key was used with another request.
    #[error("The key was used before with another request body")]
    KeyReused,
    /// 429: the user has too many answers under way.
    #[error("Too many answers are under way")]
    TooManyAnswers {
        /// In seconds.
        retry_after: u64,
    },
    /// 429: the user has asked too much in a minute.
    #[error("Too many questions, slow down")]
    TooManyQuestions {
        /// In seconds.
        retry_after: u64,
    },
    /// 429: the user's tokens of the day are used up.
    #[error("The tokens of the day are used up")]
    TooManyTokens {
        /// In seconds.
        retry_after: u64,
    },
    /// 500: a key cannot be encrypted.
    #[error("A key is not stored")]
    Keyring(#[from] KeyringError),
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
