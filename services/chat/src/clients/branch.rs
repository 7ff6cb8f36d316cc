//! The branch service, which knows the branches of a chat.

use serde::Deserialize;
use shared::client::{CallError, ServiceClient};
use shared::ids::{BranchId, ChatId, UserId};
use shared::server::Trace;

/// Asks the branch service. It takes our word for whose a chat is, so check that before.
#[derive(Debug, Clone)]
pub struct Branches(ServiceClient);

#[derive(Debug, Deserialize)]
struct Branch {
    branch_id: BranchId,
}

impl Branches {
    /// Asks by this client.
    pub const fn new(client: ServiceClient) -> Self {
        Self(client)
    }

    /// The active branch of a chat, or the one that is named; none where that is not of the chat.
    pub async fn find(
        &self,
        owner: UserId,
        chat: ChatId,
        named: Option<BranchId>,
        trace: &Trace,
    ) -> Result<Option<BranchId>, CallError> {
        let mut query = vec![("owner", owner.to_string())];
        query.extend(named.map(|branch| ("branch_id", branch.to_string())));
        let path = format!("/internal/chats/{chat}/branch");
        let branch: Option<Branch> = self.0.get(&path, &query, trace).await?;
        Ok(branch.map(|branch| branch.branch_id))
    }
}
