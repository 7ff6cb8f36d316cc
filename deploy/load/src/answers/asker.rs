//! A user who asks models.

use crate::api_client::{ApiClient, text_field};
use crate::failure::Failure;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder, Url};
use serde_json::Value;
use shared::http_client::http_client_with_timeout;
use std::time::Duration;

/// The longest stream.
const STREAM_TIMEOUT: Duration = Duration::from_secs(900);
const EVENT_STREAM: &str = "text/event-stream";

/// A user who asks models.
#[derive(Debug)]
pub(super) struct Asker {
    http: Client,
    base: Url,
    api: ApiClient,
}

impl Asker {
    /// Registers a new user.
    pub(super) async fn register(http: &Client, base: &Url) -> Result<Self, Failure> {
        let api = ApiClient::register(http.clone(), base.clone()).await?;
        Ok(Self { http: http.clone(), base: base.clone(), api })
    }

    /// The access token of the user.
    pub(super) fn token(&self) -> &str {
        self.api.token()
    }

    /// Creates a chat. Returns its id.
    pub(super) async fn create_chat(&self) -> Result<String, Failure> {
        self.api.create_chat("Answers").await
    }

    /// Asks a question, without following the answer. Returns the id of the answer.
    pub(super) async fn ask(&self, question: &Value) -> Result<String, Failure> {
        Ok(text_field(&self.api.post("answers/create-answer", question).await?, "response_id"))
    }

    /// The request for a question whose response is the stream of the answer.
    pub(super) fn ask_and_follow(&self, question: &Value) -> Result<RequestBuilder, Failure> {
        let request = self.http.post(self.url("answers/create-answer")?).bearer_auth(self.token());
        Ok(request
            .header(ACCEPT, EVENT_STREAM)
            .header(CONTENT_TYPE, "application/json")
            .body(question.to_string()))
    }

    /// The request for the stream of an answer.
    pub(super) fn follow(&self, answer: &str) -> Result<RequestBuilder, Failure> {
        let request = self.http.get(self.url(&format!("answers/stream-answer/{answer}"))?);
        Ok(request.bearer_auth(self.token()).header(ACCEPT, EVENT_STREAM))
    }

    fn url(&self, path: &str) -> Result<Url, Failure> {
        self.base.join(&format!("/api/v1/{path}")).map_err(|error| Failure::new(error.to_string()))
    }
}

/// A client for streams.
pub(super) fn stream_client() -> Result<Client, Failure> {
    Ok(http_client_with_timeout(STREAM_TIMEOUT)?)
}
