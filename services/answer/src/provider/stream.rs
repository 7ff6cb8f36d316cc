//! A running response of a provider.

use super::completion::Completion;
use super::error::ProviderError;
use super::event::Event;
use super::failure::ProviderFailure;
use super::sse::SseParser;
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// The time-out of a silence within a response.
const BYTES_TIMEOUT: Duration = Duration::from_secs(60);
/// How long usage is waited for once the response is complete.
const USAGE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the rest of a complete response is read.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);
/// The longest response that is not streamed.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// A response that is read.
pub(super) struct CompletionStream {
    /// `None` once it has ended: the connection is closed, or free for the next request.
    response: Option<Response>,
    body: Body,
    completion: Completion,
    /// Told after the events that came before it.
    failure: Option<ProviderFailure>,
    /// When the next bytes must be there. It is kept here, not in [`Self::next`], which may be dropped and called again.
    deadline: Instant,
}

enum Body {
    Events(SseParser),
    /// Some servers ignore that a stream is wanted.
    Whole(Vec<u8>),
}

impl CompletionStream {
    /// Reads this response, whose first byte must come until `deadline`.
    pub(super) fn new(response: Response, deadline: Instant) -> Result<Self, ProviderFailure> {
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
        let body = match content_type.trim().to_ascii_lowercase().as_str() {
            "application/json" => Body::Whole(Vec::new()),
            "text/html" => {
                return Err(ProviderFailure::fatal(ProviderError::NoStream, "the response is a page"));
            }
            // Not all servers name the type of their streams.
            _ => Body::Events(SseParser::default()),
        };
        let completion = Completion::default();
        Ok(Self { response: Some(response), body, completion, failure: None, deadline })
    }

    /// Waits for the first event. A failure before it may be retried.
    pub(super) async fn wait_for_first(&mut self) -> Result<(), ProviderFailure> {
        while self.completion.events.is_empty() {
            match self.failure.take() {
                Some(failure) => return Err(failure),
                None => self.read().await,
            }
        }
        Ok(())
    }

    /// The next event. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<Result<Event, ProviderFailure>> {
        loop {
            if let Some(event) = self.completion.events.pop_front() {
                return Some(Ok(event));
            }
            if let Some(failure) = self.failure.take() {
                return Some(Err(failure));
            }
            self.response.as_ref()?;
            self.read().await;
        }
    }

    async fn read(&mut self) {
        let Some(response) = &mut self.response else { return };
        match timeout_at(self.deadline, response.chunk()).await {
            Ok(Ok(Some(bytes))) => self.feed(&bytes),
            Ok(Ok(None)) => self.end_of_body(),
            Ok(Err(error)) => self.fail(ProviderFailure::of_transport(error)),
            Err(_) => self.fail(ProviderFailure::fatal(ProviderError::TimedOut, "nothing came in time")),
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        let was_finished = self.completion.is_finished();
        let fed = match &mut self.body {
            Body::Whole(body) => {
                body.extend_from_slice(bytes);
                body.len() <= MAX_BODY_BYTES
            }
            Body::Events(parser) => parser.feed(bytes).is_ok(),
        };
        self.take_events();
        if !fed {
            self.fail(ProviderFailure::fatal(ProviderError::Unavailable, "the response is too long"));
        } else if !self.completion.is_finished() {
            self.deadline = Instant::now() + BYTES_TIMEOUT;
        } else if !was_finished {
            self.deadline = Instant::now() + USAGE_TIMEOUT;
        }
    }

    fn take_events(&mut self) {
        while let Body::Events(parser) = &mut self.body
            && self.response.is_some()
            && let Some(event) = parser.next_event()
        {
            if event.data.trim() == "[DONE]" {
                self.complete();
            } else if let Ok(chunk) = serde_json::from_str(&event.data) {
                self.take(&chunk);
            } else if event.event == "error" || !event.data.trim().is_empty() {
                self.fail(ProviderFailure::transient(ProviderError::Unavailable, "an event is no JSON"));
            }
        }
    }

    fn take(&mut self, chunk: &serde_json::Value) {
        if let Err(failure) = self.completion.take(chunk) {
            self.fail(failure);
        }
    }

    fn end_of_body(&mut self) {
        match &mut self.body {
            Body::Events(parser) => {
                parser.finish();
                self.take_events();
            }
            Body::Whole(body) => match serde_json::from_slice::<serde_json::Value>(body) {
                Ok(whole) if whole.get("choices").is_some() || whole.get("error").is_some() => {
                    self.take(&whole);
                    self.complete();
                }
                _ => self.fail(ProviderFailure::fatal(ProviderError::NoStream, "the body is no completion")),
            },
        }
        if self.response.is_some() {
            self.fail(ProviderFailure::transient(ProviderError::Unavailable, "the response ended half-way"));
        }
    }

    /// The response is complete.
    fn complete(&mut self) {
        if let Some(response) = self.response.take() {
            self.completion.end();
            tokio::spawn(timeout(DRAIN_TIMEOUT, drain(response)));
        }
    }

    /// Nothing more comes. That is no failure if the response was complete.
    fn fail(&mut self, failure: ProviderFailure) {
        if self.completion.is_finished() {
            self.complete();
        } else if self.response.take().is_some() {
            self.failure = Some(failure);
        }
    }
}

/// Reads the rest of a complete response, which is some bytes of HTTP: its connection is free for the next request then.
async fn drain(mut response: Response) {
    while let Ok(Some(_)) = response.chunk().await {}
}
