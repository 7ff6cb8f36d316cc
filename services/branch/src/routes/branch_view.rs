//! A branch as clients see it.

use crate::domain::Branch;
use crate::store::BranchWithActive;
use serde::Serialize;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use utoipa::ToSchema;

/// A branch of a chat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Branch)]
pub struct BranchView {
    branch_id: BranchId,
    /// The chat that it belongs to
    root_chat_id: ChatId,
    /// The branch that owns the response it forked from, null for a trunk
    #[schema(value_type = Option<Uuid>, required = true)]
    parent_branch_id: Option<BranchId>,
    /// The response it forked from, null for a trunk and for a fork before the first message
    #[schema(value_type = Option<Uuid>, required = true)]
    forked_from_response_id: Option<ResponseId>,
    /// The depth of that response, or 0
    #[schema(minimum = 0, example = 2)]
    fork_depth: i64,
    #[schema(required = true, example = "another ending")]
    name: Option<String>,
    /// The messages of its own
    #[schema(minimum = 0, example = 3)]
    message_count: i64,
    /// The head of its line, null while that is empty
    #[schema(value_type = Option<Uuid>, required = true)]
    head_response_id: Option<ResponseId>,
    created_at: Timestamp,
    /// Whether it is the chat's active branch
    active: bool,
}

impl BranchView {
    /// The view of a branch in a chat with this active branch.
    pub fn new(branch: Branch, active: BranchId) -> Self {
        Self {
            branch_id: branch.id,
            root_chat_id: branch.chat,
            parent_branch_id: branch.parent,
            forked_from_response_id: branch.forked_from,
            fork_depth: branch.fork_depth,
            message_count: branch.message_count(),
            name: branch.name,
            head_response_id: branch.head,
            created_at: branch.created_at,
            active: branch.id == active,
        }
    }
}

impl From<BranchWithActive> for BranchView {
    fn from(node: BranchWithActive) -> Self {
        Self::new(node.branch, node.active)
    }
}
