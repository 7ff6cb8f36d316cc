//! What can go wrong.

use shared::client::CallError;
use shared::ids::ResponseId;
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
