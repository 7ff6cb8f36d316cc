//! The client of the chat service, which knows the owners of chats.

use reqwest::StatusCode;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use shared::chat_activity::ChatActivity;
use shared::clock::Timestamp;
use shared::ids::{ChatId, UserId};
use shared::service::Service;
use shared_web::service_client::{CallError, ServiceClient};
use shared_web::telemetry::Trace;

/// A chat, as `/internal/chats` of the chat service returns it.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct InternalChat {
    /// The owner.
    pub account_id: UserId,
    /// When it was created.
    pub created_at: Timestamp,
    /// Whether it is deleted.
    pub deleted: bool,
}

/// The activity of some chats.
#[derive(Debug, Serialize)]
struct ActivityReport<'a> {
    chats: &'a [ChatActivity],
}

/// Chats, as the chat service knows them.
#[derive(Debug, Clone)]
pub struct Chats(ServiceClient);

impl Chats {
    /// Calls through this client.
    pub const fn new(client: ServiceClient) -> Self {
        Self(client)
    }

    /// The chat of this id, also a deleted one. `None` if there never was one, or it was deleted long ago.
    pub async fn get(&self, chat: ChatId, trace: &Trace) -> Result<Option<InternalChat>, CallError> {
        self.0.get(&format!("/internal/chats/{chat}"), &[], trace).await
    }

    /// Reports the activity of chats.
    pub async fn put_activity(&self, chats: &[ChatActivity], trace: &Trace) -> Result<(), CallError> {
        let report = ActivityReport { chats };
        let recorded = self.0.put::<IgnoredAny>("/internal/activity", &report, trace);
        // An older version of the service has no such route.
        let missing = |_| CallError::Unexpected { called: Service::Chat, status: StatusCode::NOT_FOUND };
        recorded.await?.map(drop).map_err(missing)
    }
}
