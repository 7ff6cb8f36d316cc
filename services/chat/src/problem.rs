//! The status and the code of each error.

use crate::error::Error;
use actix_web::http::StatusCode;
use shared_web::idempotency::key_reused;
use shared_web::problem::{ApiError, Problem, store_answer};

impl ApiError for Error {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidToken => (StatusCode::UNAUTHORIZED, "invalid_token"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
            Self::ChatNotFound => (StatusCode::NOT_FOUND, "chat_not_found"),
            Self::BranchNotFound => (StatusCode::NOT_FOUND, "branch_not_found"),
            Self::MessageNotFound => (StatusCode::NOT_FOUND, "message_not_found"),
            Self::ConversationNotFound => (StatusCode::NOT_FOUND, "conversation_not_found"),
            Self::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused"),
            Self::Store(error) => store_answer(error.fault()),
            Self::Call(_) => (StatusCode::SERVICE_UNAVAILABLE, "service_unavailable"),
        }
    }

    fn decorate(&self, problem: Problem) -> Problem {
        match self {
            Self::KeyReused => key_reused(),
            _ => problem,
        }
    }
}

/// The error of a handler is answered as its [`Problem`].
impl From<Error> for actix_web::Error {
    fn from(error: Error) -> Self {
        Problem::from(error).into()
    }
}
