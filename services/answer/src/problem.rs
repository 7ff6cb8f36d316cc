//! The status and the code of each error.

use crate::error::Error;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use shared_web::idempotency::key_reused;
use shared_web::input::invalid;
use shared_web::problem::{ApiError, Problem, store_answer};

impl ApiError for Error {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidToken => (StatusCode::UNAUTHORIZED, "invalid_token"),
            Self::ChatNotFound => (StatusCode::NOT_FOUND, "chat_not_found"),
            Self::BranchNotFound => (StatusCode::NOT_FOUND, "branch_not_found"),
            Self::MessageNotFound => (StatusCode::NOT_FOUND, "message_not_found"),
            Self::AnswerNotFound => (StatusCode::NOT_FOUND, "answer_not_found"),
            Self::ModelNotFound => (StatusCode::NOT_FOUND, "model_not_found"),
            Self::ProviderNotFound => (StatusCode::NOT_FOUND, "provider_not_found"),
            Self::ProviderKeyNotFound => (StatusCode::NOT_FOUND, "provider_key_not_found"),
            Self::HeadMoved(_) => (StatusCode::CONFLICT, "head_moved"),
            Self::AnswerRunning(_) => (StatusCode::CONFLICT, "answer_running"),
            Self::TooManyBytes { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "validation_error"),
            Self::ContextTooLong => (StatusCode::UNPROCESSABLE_ENTITY, "context_too_long"),
            Self::UnsupportedInput => (StatusCode::UNPROCESSABLE_ENTITY, "unsupported_input"),
            Self::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused"),
            Self::TooManyAnswers { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many_answers"),
            Self::TooManyQuestions { .. } => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
            Self::TooManyTokens { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many_tokens"),
            Self::Keyring(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
            Self::Store(error) => store_answer(error.fault()),
            Self::Call(_) => (StatusCode::SERVICE_UNAVAILABLE, "service_unavailable"),
        }
    }

    fn decorate(&self, problem: Problem) -> Problem {
        match self {
            Self::HeadMoved(head) => problem.with_member("head_response_id", head),
            Self::AnswerRunning(response) => problem.with_member("response_id", response),
            Self::KeyReused => key_reused(),
            // A 422 names what is wrong, as all do.
            Self::TooManyBytes { field, .. } => invalid(&["body", field], "too_long", self.to_string()),
            Self::ContextTooLong => wrong_field("truncation", self),
            Self::UnsupportedInput => wrong_field("model", self),
            Self::TooManyAnswers { retry_after }
            | Self::TooManyQuestions { retry_after }
            | Self::TooManyTokens { retry_after } => {
                problem.with_header(RETRY_AFTER, HeaderValue::from(*retry_after))
            }
            _ => problem,
        }
    }
}

/// 422, for a field of the body that does not go with what it is asked for.
fn wrong_field(field: &'static str, error: &Error) -> Problem {
    let (_, code) = error.status_and_code();
    invalid(&["body", field], code, error.to_string()).with_code(code)
}

/// The error of a handler is answered as its [`Problem`].
impl From<Error> for actix_web::Error {
    fn from(error: Error) -> Self {
        Problem::from(error).into()
    }
}
