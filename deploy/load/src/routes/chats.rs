//! A user, and the chats that are prepared for a load.

use super::side::Side;
use crate::api_client::{ApiClient, text_field};
use crate::failure::Failure;
use serde_json::{Value, json};

/// The bytes of a message's question and of its response.
const QUESTION_BYTES: usize = 200;
const RESPONSE_BYTES: usize = 800;
/// The forks from one message of a tree.
const FORKS_PER_MESSAGE: usize = 10;

/// A user who prepares chats.
pub(crate) struct BenchUser(ApiClient);

/// A chat.
pub(crate) struct Chat {
    pub(crate) id: String,
}

impl Chat {
    /// A message for the active branch.
    pub(crate) fn message(&self) -> Value {
        message_to(&self.id)
    }

    /// A branch from this message.
    pub(crate) fn fork(&self, message: &str) -> Value {
        json!({"original_chat_id": self.id, "branch_from_response_id": message})
    }
}

impl BenchUser {
    /// Registers a new user.
    pub(crate) async fn register(side: &Side) -> Result<Self, Failure> {
        Ok(Self(ApiClient::register(side.http.clone(), side.base.clone()).await?))
    }

    /// The access token of the user.
    pub(crate) fn token(&self) -> &str {
        self.0.token()
    }

    /// Creates a chat.
    pub(crate) async fn create_chat(&self) -> Result<Chat, Failure> {
        Ok(Chat { id: self.0.create_chat("Routes").await? })
    }

    /// Appends messages to the active branch. Returns their ids.
    pub(crate) async fn append(&self, chat: &Chat, messages: usize) -> Result<Vec<String>, Failure> {
        let mut ids = Vec::new();
        for _ in 0..messages {
            ids.push(self.add_message(&chat.message()).await?);
        }
        Ok(ids)
    }

    /// Forks a tree of branches with a message each: ten from a message of the trunk, then ten from the message of each branch, level
    /// by level. Returns the ids of the branches.
    pub(crate) async fn grow_tree(&self, chat: &Chat, forks: usize) -> Result<Vec<String>, Failure> {
        let mut messages = self.append(chat, 1).await?;
        let mut branches = Vec::new();
        for number in 0..forks {
            let message = messages.get(number / FORKS_PER_MESSAGE).map_or("", String::as_str);
            let branch = self.0.post("branches/create-branch", &chat.fork(message)).await?;
            let branch = text_field(&branch, "branch_id");
            messages.push(self.add_message(&message_to(&branch)).await?);
            branches.push(branch);
        }
        Ok(branches)
    }

    async fn add_message(&self, message: &Value) -> Result<String, Failure> {
        Ok(text_field(&self.0.post("messages/add-message", message).await?, "response_id"))
    }
}

/// A message to a chat or to a branch.
fn message_to(id: &str) -> Value {
    json!({"chat_id": id, "question": text(QUESTION_BYTES), "response": text(RESPONSE_BYTES)})
}

fn text(bytes: usize) -> String {
    "A fig that grows on other trees, and lets roots down from its branches. "
        .chars()
        .cycle()
        .take(bytes)
        .collect()
}
