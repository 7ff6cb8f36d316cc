//! What can go wrong.

use shared::ids::{BranchId, ResponseId};
use shared_store::StoreError;
use shared_web::body_limits::OutOfMemory;
use shared_web::page::WriteError;
use shared_web::service_client::CallError;

/// Every error of this service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 404: no such chat, or another user's.
    #[error("Chat not found")]
    ChatNotFound,
    /// 404: no chat and no branch with this id is known here. The chat service may know the chat.
    #[error("Chat not found")]
    TargetUnknown,
    /// 404: no such branch in this chat.
    #[error("Branch not found")]
    BranchNotFound,
    /// 404: no such message, or not on the named line.
    #[error("Message not found")]
    MessageNotFound,
    /// 409: the line has another head than the client expects.
    #[error("The branch has moved on")]
    HeadMoved {
        /// The branch whose line it is.
        branch: BranchId,
        /// The present head of the line.
        head: Option<ResponseId>,
    },
    /// 409: the chosen id belongs to another branch or chat.
    #[error("This id is taken")]
    IdTaken,
    /// 409: the branch to be deleted has children.
    #[error("The branch has descendants; delete them first, or with cascade=true")]
    HasDescendants,
    /// 409: the branch to be restored has a parent that is deleted.
    #[error("The branch that it belongs to is deleted; restore that one first")]
    ParentDeleted,
    /// 409: a trunk is deleted only with its chat.
    #[error("The trunk of a chat cannot be deleted")]
    IsTrunk,
    /// 422: an edited message would have neither a question nor a response.
    #[error("question and response must not both be empty")]
    EmptyTexts,
    /// 422: the messages to copy have more text than a branch is created with.
    #[error("The messages have more than 8 MiB of texts")]
    TextsTooLarge,
    /// 422: the cursor belongs to another line.
    #[error("The cursor is not one of this list")]
    BadCursor,
    /// 422: the idempotency key was used with another request.
    #[error("The key was used before with another request body")]
    KeyReused,
    /// 507, 503 or 500: the store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// 503: a call to another service failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// 503: no memory is left for the texts.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
    /// 503 or 500: a page was not written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Error {
    /// Whether something that the request names is not there.
    pub const fn is_not_found(&self) -> bool {
        matches!(
            self,
            Self::ChatNotFound | Self::TargetUnknown | Self::BranchNotFound | Self::MessageNotFound
        )
    }
}
