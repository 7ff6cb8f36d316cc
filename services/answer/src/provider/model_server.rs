//! A server that speaks Chat Completions.

use super::error::ProviderError;
use super::failure::ProviderFailure;
use super::prompt::Prompt;
use super::redactor::Redactor;
use super::request::{self, RequestOptions};
use super::stream::CompletionStream;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Response, Url};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// The time-out until the first byte of a response's body: long prompts are read for a while.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(120);
/// How much of the body of an error is read.
const MAX_ERROR_BYTES: usize = 16 * 1024;

/// Where a model is, and what it is called there.
#[derive(Debug, Clone)]
pub struct ModelServer {
    /// The client, which all endpoints share.
    pub http: reqwest::Client,
    /// The URL of its chat completions.
    pub url: Url,
    /// Its key, if it wants one.
    pub api_key: Option<SecretString>,
    /// What the server calls the model.
    pub model: String,
    /// How it is asked.
    pub options: RequestOptions,
}

impl ModelServer {
    /// Sends a prompt, again if that may help, and waits for the first event.
    pub(super) async fn open(
        &self,
        prompt: &Prompt,
        redactor: &Redactor<'_>,
    ) -> Result<CompletionStream, ProviderFailure> {
        let body = request::body(&self.model, self.options, prompt)
            .map_err(|error| ProviderFailure::fatal(ProviderError::Rejected, error.to_string()))?;
        let mut retries = 0;
        loop {
            let failure = match self.attempt(&body).await {
                Ok(stream) => return Ok(stream),
                Err(failure) => failure,
            };
            let Some(pause) = failure.pause(retries) else { return Err(failure) };
            failure.log(&self.model, redactor);
            sleep(pause).await;
            retries += 1;
        }
    }

    async fn attempt(&self, body: &[u8]) -> Result<CompletionStream, ProviderFailure> {
        let deadline = Instant::now() + FIRST_BYTE_TIMEOUT;
        let response = timeout_at(deadline, self.send(body.to_vec())).await.map_err(|_| timed_out())??;
        if !response.status().is_success() {
            return Err(timeout_at(deadline, refused(response)).await.unwrap_or_else(|_| timed_out()));
        }
        let mut stream = CompletionStream::new(response, deadline)?;
        stream.wait_for_first().await?;
        Ok(stream)
    }

    async fn send(&self, body: Vec<u8>) -> Result<Response, ProviderFailure> {
        let mut request = self.http.post(self.url.clone());
        if let Some(key) = &self.api_key {
            let mut value =
                HeaderValue::try_from(format!("Bearer {}", key.expose_secret())).map_err(|_| {
                    ProviderFailure::fatal(ProviderError::Auth, "the key has characters that no header has")
                })?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let request = request.header(CONTENT_TYPE, "application/json").header(ACCEPT, "text/event-stream");
        request.body(body).send().await.map_err(ProviderFailure::of_transport)
    }
}

fn timed_out() -> ProviderFailure {
    ProviderFailure::fatal(ProviderError::TimedOut, "no first byte came in time")
}

/// Reads what the provider says to its refusal.
async fn refused(mut response: Response) -> ProviderFailure {
    let mut body = Vec::new();
    while body.len() < MAX_ERROR_BYTES
        && let Ok(Some(bytes)) = response.chunk().await
    {
        body.extend_from_slice(&bytes);
    }
    ProviderFailure::of_response(response.status(), response.headers(), &body)
}
