//! The replicas of the answer service, and a user who asks there.

use crate::api_client::{ApiClient, text_field};
use crate::failure::Failure;
use clap::Args;
use reqwest::{Client, RequestBuilder, Response, Url};
use serde_json::{Value, json};
use shared::http_client::http_client_with_timeout;
use std::time::Duration;

/// Longer than a stream is open.
const STREAM_TIMEOUT: Duration = Duration::from_secs(15 * 60);

#[derive(Debug, Args)]
pub(crate) struct Addresses {
    /// The base URL of the gateway.
    base: Url,
    /// The base URL of a replica of the answer service; repeated for each.
    #[arg(long = "replica", required = true)]
    replicas: Vec<Url>,
}

impl Addresses {
    /// Registers a user.
    pub(super) async fn connect(&self) -> Result<ReplicaSet, Failure> {
        let http = http_client_with_timeout(STREAM_TIMEOUT)?;
        let user = ApiClient::register(http.clone(), self.base.clone()).await?;
        Ok(ReplicaSet { http, user, replicas: self.replicas.clone() })
    }
}

/// The replicas, with a user.
#[derive(Debug)]
pub(crate) struct ReplicaSet {
    http: Client,
    user: ApiClient,
    replicas: Vec<Url>,
}

impl ReplicaSet {
    /// The number of replicas.
    pub(super) fn count(&self) -> usize {
        self.replicas.len()
    }

    /// Asks a question at a replica, in a chat of its own. Returns the id of the answer.
    pub(super) async fn ask(&self, replica: usize, question: &str) -> Result<String, Failure> {
        let chat = self.user.create_chat("replicas").await?;
        let body = json!({"chat_id": chat, "question": question});
        let request = self.http.post(self.url(replica, "create-answer")?);
        let answer = request.header("content-type", "application/json").body(body.to_string());
        let answer = self.authorize(answer).send().await?.error_for_status()?;
        let answer: Value = answer.json().await?;
        Ok(text_field(&answer, "response_id"))
    }

    /// Stops an answer at a replica. Returns the status that it has then.
    pub(super) async fn stop(&self, replica: usize, id: &str) -> Result<String, Failure> {
        let request = self.http.post(self.url(replica, &format!("stop-answer/{id}"))?);
        let answer: Value = self.authorize(request).send().await?.error_for_status()?.json().await?;
        Ok(text_field(&answer, "status"))
    }

    /// The events of an answer at a replica, after the last one that was seen.
    pub(super) async fn stream(
        &self,
        replica: usize,
        id: &str,
        last: Option<u64>,
    ) -> Result<Response, Failure> {
        let request = self.http.get(self.url(replica, &format!("stream-answer/{id}"))?);
        let request = match last {
            Some(last) => request.header("last-event-id", last),
            None => request,
        };
        Ok(self.authorize(request).send().await?.error_for_status()?)
    }

    fn authorize(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.user.token())
    }

    fn url(&self, replica: usize, path: &str) -> Result<Url, Failure> {
        let replica = self.replicas.iter().cycle().nth(replica % self.count().max(1));
        let replica = replica.ok_or_else(|| Failure::new("there is no replica"))?;
        replica.join(&format!("/api/v1/answers/{path}")).map_err(|error| Failure::new(error.to_string()))
    }
}
