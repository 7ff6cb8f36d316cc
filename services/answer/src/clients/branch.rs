//! The client of the branch service, which keeps lines and messages.

use super::message::{KnownMessage, Message};
use crate::error::Error;
use crate::store::Run;
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared::service::Service;
use shared_web::service_client::{CallError, NotFound, Refusal, ServiceClient};
use shared_web::telemetry::Trace;

/// Lines and messages, as the branch service knows them.
#[derive(Debug, Clone)]
pub struct Branches(ServiceClient);

/// A place on a line, as a client asks for it.
#[derive(Debug, Serialize)]
#[expect(clippy::option_option, reason = "null and absent differ")]
pub struct PlaceRequest {
    /// Whose chat it is.
    pub owner: UserId,
    /// A chat's or a branch's id.
    pub chat_id: BranchId,
    /// The branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch_id: Option<BranchId>,
    /// The message before it: null for none, absent for the head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_response_id: Option<Option<ResponseId>>,
    /// The head that the client has seen: null for an empty line, absent where nothing is checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_head: Option<Option<ResponseId>>,
}

/// A place on a line.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct LinePlace {
    /// The chat.
    pub chat_id: ChatId,
    /// The branch.
    pub branch_id: BranchId,
    /// The message before it.
    pub parent_response_id: Option<ResponseId>,
    /// The depth of that, 0 for none.
    pub depth: i64,
    /// Whether that is the head of the branch.
    pub is_head: bool,
}

/// Where a line is read from, downwards.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Whose it is.
    pub owner: UserId,
    /// The branch.
    pub branch: BranchId,
    /// The depth.
    pub depth: i64,
}

/// A run as the message that it becomes.
#[derive(Serialize)]
struct Storing<'r> {
    owner: UserId,
    chat_id: ChatId,
    branch_id: BranchId,
    parent_response_id: Option<ResponseId>,
    question: &'r str,
    response: &'r str,
    generation: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_items: Option<&'r RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_items: Option<&'r RawValue>,
    placement: &'static str,
    activate: bool,
}

/// Messages of any users.
#[derive(Serialize)]
struct NamedMessages<'i> {
    response_ids: &'i [ResponseId],
}

/// Those that are alive.
#[derive(Deserialize)]
struct LivingMessages {
    response_ids: Vec<ResponseId>,
}

impl Branches {
    /// Calls through this client.
    pub const fn new(client: ServiceClient) -> Self {
        Self(client)
    }

    /// Finds a place on a line.
    pub async fn place(&self, place: &PlaceRequest, trace: &Trace) -> Result<LinePlace, Error> {
        let placed = self.0.post("/internal/lines/place", place, trace).await?;
        placed.map_err(|refusal| refused(&refusal))
    }

    /// Stores a sealed run as a message. Idempotent. `None` if its chat or its branch is gone.
    pub async fn store(&self, run: &Run, trace: &Trace) -> Result<Option<Message>, CallError> {
        let finish = run.finish.as_ref();
        let storing = Storing {
            owner: run.owner,
            chat_id: run.chat_id,
            branch_id: run.branch_id,
            parent_response_id: run.parent_response_id,
            question: &run.question,
            response: run.response.as_deref().unwrap_or_default(),
            generation: finish.map_or(Value::Null, |finish| finish.generation(&run.model, run.duration_ms())),
            input_items: run.input_items.as_deref().and_then(as_raw),
            output_items: run.output_items.as_deref().and_then(as_raw),
            placement: run.placement.as_str(),
            activate: run.activate,
        };
        let path = format!("/internal/answers/{}", run.response_id);
        match self.0.put(&path, &storing, trace).await? {
            Ok(message) => Ok(Some(message)),
            Err(gone) if tells_of_a_place(&gone) => Ok(None),
            // An older version of the service has no such route.
            Err(_) => Err(not_found()),
        }
    }

    /// Messages of a line from a depth downwards. A line that is not found is an error: the model is not to be asked without it.
    pub async fn page(&self, line: Line, limit: u32, trace: &Trace) -> Result<Vec<KnownMessage>, CallError> {
        let path = format!("/internal/lines/{}/messages", line.branch);
        let query = [
            ("owner", line.owner.to_string()),
            ("depth", line.depth.to_string()),
            ("limit", limit.to_string()),
        ];
        let page: Vec<_> = self.0.get(&path, &query, trace).await?.ok_or_else(not_found)?;
        // From a depth above 0 there is at least one message.
        if page.is_empty() { Err(not_found()) } else { Ok(page) }
    }

    /// Those of these messages whose branch and chat are alive. `None` from an older version of the service, which does not tell.
    pub async fn living_messages(
        &self,
        ids: &[ResponseId],
        trace: &Trace,
    ) -> Result<Option<Vec<ResponseId>>, CallError> {
        let living =
            self.0.put("/internal/living-messages", &NamedMessages { response_ids: ids }, trace).await?;
        Ok(living.ok().map(|LivingMessages { response_ids }| response_ids))
    }

    /// A message of a user.
    pub async fn message(
        &self,
        owner: UserId,
        id: ResponseId,
        trace: &Trace,
    ) -> Result<Option<Message>, CallError> {
        self.0.get(&format!("/internal/messages/{id}"), &[("owner", owner.to_string())], trace).await
    }

    /// A message of a user, as it is read in a chat or a branch of it; in its own where none is named.
    pub async fn message_in(
        &self,
        owner: UserId,
        id: ResponseId,
        chat: Option<BranchId>,
        trace: &Trace,
    ) -> Result<Message, Error> {
        let mut query = vec![("owner", owner.to_string())];
        query.extend(chat.map(|chat| ("chat_id", chat.to_string())));
        let found = self.0.find(&format!("/internal/messages/{id}"), &query, trace).await?;
        found.map_err(|missing: NotFound| match missing.code.as_str() {
            "chat_not_found" => Error::ChatNotFound,
            _ => Error::MessageNotFound,
        })
    }
}

fn as_raw(json: &str) -> Option<&RawValue> {
    serde_json::from_str(json).ok()
}

/// Whether the chat, the branch or the message before it is gone.
fn tells_of_a_place(gone: &NotFound) -> bool {
    matches!(gone.code.as_str(), "chat_not_found" | "branch_not_found" | "message_not_found")
}

const fn not_found() -> CallError {
    CallError::Unexpected { called: Service::Branch, status: StatusCode::NOT_FOUND }
}

/// What a client is told of a place that there is not.
fn refused(refusal: &Refusal) -> Error {
    match refusal.code() {
        "chat_not_found" => Error::ChatNotFound,
        "branch_not_found" => Error::BranchNotFound,
        "message_not_found" => Error::MessageNotFound,
        "head_moved" => {
            let head = refusal.body.get("head_response_id").cloned().unwrap_or_default();
            Error::HeadMoved(serde_json::from_value(head).unwrap_or_default())
        }
        // An older version of the service has no such route, or there is a mistake of ours.
        _ => Error::Call(CallError::Unexpected { called: Service::Branch, status: refusal.status }),
    }
}
