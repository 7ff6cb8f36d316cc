//! A branch as clients see it.

use crate::domain::Branch;
use crate::store::BranchWithActive;
use serde::Serialize;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use shared::tags::Tags;
use utoipa::{PartialSchema as _, ToSchema};

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
    /// The first message of its own, null while it has none
    #[schema(value_type = Option<Uuid>, required = true)]
    first_response_id: Option<ResponseId>,
    /// The first 80 characters of the first question of its own, null while it has none
    #[schema(required = true, example = "How old?")]
    preview: Option<String>,
    /// When the last message of its own was stored, null while it has none
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    last_message_at: Option<Timestamp>,
    #[schema(schema_with = Tags::schema)]
    tags: Tags,
    /// Whether it is archived: everything still works
    archived: bool,
    created_at: Timestamp,
    /// Whether it is the chat's active branch
    active: bool,
}

impl BranchView {
    /// The view of a branch in a chat with this active branch.
    pub fn new(branch: Branch, active: BranchId) -> Self {
        let (message_count, own) = (branch.message_count(), branch.own);
        let last_message_at = own.as_ref().map(|own| own.last_at);
        let (first_response_id, preview) = own.map(|own| (own.first, own.preview)).unzip();
        Self {
            branch_id: branch.id,
            root_chat_id: branch.chat,
            parent_branch_id: branch.parent,
            forked_from_response_id: branch.forked_from,
            fork_depth: branch.fork_depth,
            message_count,
            name: branch.name,
            head_response_id: branch.head,
            first_response_id,
            preview,
            last_message_at,
            tags: branch.tags,
            archived: branch.archived,
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
