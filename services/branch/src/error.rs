//! What the service answers when it cannot do what was asked.

use actix_web::http::StatusCode;
use shared::client::CallError;
use shared::idempotency::key_reused;
use shared::ids::ResponseId;
use shared::input::invalid;
use shared::problem::{ApiError, Problem};
use shared::server::OutOfMemory;
use shared::store::StoreError;

/// Every error of this service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 404: there is no such chat, or it is another user's.
    #[error("Chat not found")]
    ChatNotFound,
    /// 404: there is no such branch in this chat.
    #[error("Branch not found")]
    BranchNotFound,
    /// 404: there is no such message, or it lies on no line that was named.
    #[error("Message not found")]
    MessageNotFound,
    /// 409: the line has another head than the client expects.
    #[error("The branch has moved on")]
    HeadMoved {
        /// The last message of the line as it is now.
        head: Option<ResponseId>,
    },
    /// 409: the id that a new branch should have is that of another branch or chat.
    #[error("This id is taken")]
    IdTaken,
    /// 409: branches fork from the one to be deleted.
    #[error("The branch has descendants; delete them first, or with cascade=true")]
    HasDescendants,
    /// 409: the trunk goes with its chat alone.
    #[error("The trunk of a chat cannot be deleted")]
    IsTrunk,
    /// 422: the cursor belongs to another line.
    #[error("The cursor is not one of this list")]
    BadCursor,
    /// 422: the idempotency key came before with another request.
    #[error("The key was used before with another request body")]
    KeyReused,
    /// 503 or 500: the store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// 503: another service did not answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// 503: there is no memory for the texts.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
}

impl ApiError for Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::ChatNotFound | Self::BranchNotFound | Self::MessageNotFound => StatusCode::NOT_FOUND,
            Self::HeadMoved { .. } | Self::IdTaken | Self::HasDescendants | Self::IsTrunk => {
                StatusCode::CONFLICT
            }
            Self::BadCursor | Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Store(error) => error.status(),
            Self::Call(_) | Self::OutOfMemory(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::ChatNotFound => "chat_not_found",
            Self::BranchNotFound => "branch_not_found",
            Self::MessageNotFound => "message_not_found",
            Self::HeadMoved { .. } => "head_moved",
            Self::IdTaken => "id_taken",
            Self::HasDescendants => "branch_has_descendants",
            Self::IsTrunk => "branch_is_trunk",
            Self::BadCursor => "validation_error",
            Self::KeyReused => "idempotency_key_reused",
            Self::Store(error) => error.code(),
            Self::Call(_) => "service_unavailable",
            Self::OutOfMemory(_) => "overloaded",
        }
    }

    fn decorate(&self, problem: Problem) -> Problem {
        match self {
            Self::HeadMoved { head } => problem.with_member("head_response_id", head),
            Self::BadCursor => bad_cursor(),
            Self::KeyReused => key_reused(),
            Self::OutOfMemory(error) => (*error).into(),
            Self::ChatNotFound
            | Self::BranchNotFound
            | Self::MessageNotFound
            | Self::IdTaken
            | Self::HasDescendants
            | Self::IsTrunk
            | Self::Store(_)
            | Self::Call(_) => problem,
        }
    }
}

fn bad_cursor() -> Problem {
    invalid(&["query", "cursor"], "value_error", "Value error, the cursor is not one of this list")
}
