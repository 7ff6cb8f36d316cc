//! The client of the branch service, which knows the branches of a chat.

use crate::domain::ForkPoint;
use crate::error::Error;
use crate::store::ChatFork;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::json;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared::service::Service;
use shared_web::service_client::{CallError, NotFound, ServiceClient};
use shared_web::telemetry::Trace;
use std::collections::HashMap;

/// Branches, as the branch service knows them. It trusts the owner that it is given: check the ownership before.
#[derive(Debug, Clone)]
pub struct Branches(ServiceClient);

#[derive(Debug, Deserialize)]
struct Branch {
    branch_id: BranchId,
}

/// The numbers of branches of some chats.
#[derive(Debug, Deserialize)]
struct BranchCounts {
    branch_counts: HashMap<ChatId, u32>,
}

/// An answer of which nothing is read.
#[derive(Debug, Deserialize)]
struct Done {}

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

    /// How many branches these chats have, or had when they were deleted. Chats in which nothing was said, and that were never forked,
    /// are not among them.
    pub async fn count(
        &self,
        owner: UserId,
        chats: &[ChatId],
        trace: &Trace,
    ) -> Result<HashMap<ChatId, u32>, Error> {
        if chats.is_empty() {
            return Ok(HashMap::new());
        }
        let body = json!({"owner": owner, "chat_ids": chats});
        let counts = self.0.put::<BranchCounts>("/internal/branch-counts", &body, trace).await?;
        Ok(counts.map_err(not_found)?.branch_counts)
    }

    /// Where a fork of the chat stands: at the named response, else at the head of the named branch, else at that of the active one. The
    /// id of a branch stands for its chat.
    pub async fn fork_point(
        &self,
        owner: UserId,
        chat: ChatId,
        (branch, response): (Option<BranchId>, Option<ResponseId>),
        trace: &Trace,
    ) -> Result<ForkPoint, Error> {
        let mut query = vec![("owner", owner.to_string())];
        query.extend(branch.map(|branch| ("branch_id", branch.to_string())));
        query.extend(response.map(|response| ("response_id", response.to_string())));
        let path = format!("/internal/chats/{chat}/fork-point");
        self.0.find(&path, &query, trace).await?.map_err(not_found)
    }

    /// Makes the trunk of a new chat. Idempotent.
    pub async fn fork(&self, fork: &ChatFork, trace: &Trace) -> Result<(), Error> {
        let ForkPoint { chat_id, response_id } = fork.point();
        let body = json!({
            "owner": fork.account_id, "created_at": fork.created_at, "source_chat_id": chat_id, "response_id": response_id,
        });
        let path = format!("/internal/chats/{}/fork", fork.id);
        let made = self.0.put::<Done>(&path, &body, trace).await?;
        made.map(|Done {}| ()).map_err(not_found)
    }
}

/// The target that the branch service has not found, as our clients are told of it. An older one does not know the route.
fn not_found(NotFound { detail, .. }: NotFound) -> Error {
    let named = [Error::ChatNotFound, Error::BranchNotFound, Error::MessageNotFound];
    let unknown = CallError::Unexpected { called: Service::Branch, status: StatusCode::NOT_FOUND };
    named.into_iter().find(|error| error.to_string() == detail).unwrap_or(Error::Call(unknown))
}
