//! How each error is answered.

use crate::error::Error;
use actix_web::http::StatusCode;
use shared_web::idempotency::key_reused;
use shared_web::input::invalid;
use shared_web::page::WriteError;
use shared_web::problem::{ApiError, Problem, store_answer};

impl ApiError for Error {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::ChatNotFound | Self::TargetUnknown => (StatusCode::NOT_FOUND, "chat_not_found"),
            Self::BranchNotFound => (StatusCode::NOT_FOUND, "branch_not_found"),
            Self::MessageNotFound => (StatusCode::NOT_FOUND, "message_not_found"),
            Self::HeadMoved { .. } => (StatusCode::CONFLICT, "head_moved"),
            Self::IdTaken => (StatusCode::CONFLICT, "id_taken"),
            Self::HasDescendants => (StatusCode::CONFLICT, "branch_has_descendants"),
            Self::ParentDeleted => (StatusCode::CONFLICT, "parent_deleted"),
            Self::IsTrunk => (StatusCode::CONFLICT, "branch_is_trunk"),
            Self::EmptyTexts | Self::TextsTooLarge | Self::BadCursor => {
                (StatusCode::UNPROCESSABLE_ENTITY, "validation_error")
            }
            Self::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused"),
            Self::Store(error) => store_answer(error.fault()),
            Self::Call(_) => (StatusCode::SERVICE_UNAVAILABLE, "service_unavailable"),
            Self::OutOfMemory(_) | Self::Write(WriteError::OutOfMemory(_)) => {
                (StatusCode::SERVICE_UNAVAILABLE, "overloaded")
            }
            Self::Write(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
        }
    }

    fn decorate(&self, problem: Problem) -> Problem {
        match self {
            Self::HeadMoved { head, .. } => problem.with_member("head_response_id", head),
            Self::EmptyTexts => invalid(&["body", "question"], "value_error", EMPTY_TEXTS),
            Self::TextsTooLarge => invalid(&["body", "response_ids"], "too_long", TEXTS_TOO_LARGE),
            Self::BadCursor => bad_cursor(),
            Self::KeyReused => key_reused(),
            Self::OutOfMemory(error) | Self::Write(WriteError::OutOfMemory(error)) => (*error).into(),
            _ => problem,
        }
    }
}

/// What a handler fails with is answered as its [`Problem`].
impl From<Error> for actix_web::Error {
    fn from(error: Error) -> Self {
        Problem::from(error).into()
    }
}

const EMPTY_TEXTS: &str = "Value error, question and response must not both be empty";
const TEXTS_TOO_LARGE: &str = "The messages should have at most 8388608 bytes of texts";

fn bad_cursor() -> Problem {
    invalid(&["query", "cursor"], "value_error", "Value error, the cursor is not one of this list")
}
