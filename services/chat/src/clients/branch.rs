//! The client of the branch service, which knows the branches of a chat.

use serde::Deserialize;
use shared::ids::{BranchId, ChatId, UserId};
use shared_web::service_client::{CallError, ServiceClient};
use shared_web::telemetry::Trace;

/// Branches, as the branch service knows them. It trusts the owner that it is given: check the ownership before.
#[derive(Debug, Clone)]
pub struct Branches(ServiceClient);

#[derive(Debug, Deserialize)]
struct Branch {
    branch_id: BranchId,
}

impl Branches {
    /// Calls through this client.
    pub const fn new(client: ServiceClient) -> Self {
        Self(client)
    }

    /// The active branch of a chat, or the named one. `None` if that is not a branch of the chat.
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
