//! A user, who asks and reads answers.

use crate::app::{eventually, text};
use serde_json::{Value, json};
use shared_test_kit::{Answer, TestClient};

/// The base of the routes.
pub const ANSWERS: &str = "/api/v1/answers";

/// A user with a token.
#[derive(Clone)]
pub struct User {
    pub client: TestClient,
}

impl User {
    /// The same with an idempotency key.
    pub fn with_key(&self, key: &str) -> Self {
        Self { client: self.client.with_header("idempotency-key", key) }
    }

    /// The same who wants events.
    pub fn streaming(&self) -> Self {
        Self { client: self.client.with_header("accept", "text/event-stream") }
    }

    pub async fn create(&self, body: &Value) -> Answer {
        self.client.post(&format!("{ANSWERS}/create-answer"), body).await
    }

    /// The id of a new answer to a question in a chat.
    pub async fn ask(&self, chat: &str, question: &str) -> String {
        let body = json!({"chat_id": chat, "question": question});
        text(&self.create(&body).await.expect(201).json()["response_id"]).to_owned()
    }

    pub async fn get(&self, id: &str) -> Answer {
        self.client.get(&format!("{ANSWERS}/get-answer/{id}")).await
    }

    pub async fn stop(&self, id: &str) -> Answer {
        self.client.send(reqwest::Method::POST, &format!("{ANSWERS}/stop-answer/{id}"), None).await
    }

    /// All events after the one with this id, to the end.
    pub async fn stream(&self, id: &str, after: Option<i64>) -> Answer {
        let query = after.map_or_else(String::new, |after| format!("?after={after}"));
        self.client.get(&format!("{ANSWERS}/stream-answer/{id}{query}")).await
    }

    /// The answer once it is stored.
    pub async fn stored(&self, id: &str) -> Value {
        self.stream(id, None).await.expect(200);
        self.get(id).await.expect(200).json()
    }

    /// The text of an answer once it has said something.
    pub async fn begun(&self, id: &str) {
        eventually("it says something", async || !text(&self.get(id).await.json()["text"]).is_empty()).await;
    }
}
