//! An error of a provider with what decides on a retry, and what goes to the log.

use super::error::ProviderError;
use super::error_object::ErrorObject;
use super::redactor::Redactor;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use std::error::Error;
use std::time::Duration;

/// How often a request is sent again.
const MAX_RETRIES: u32 = 2;
/// The longest pause that a provider may ask for before a retry; for a longer one the run fails at once.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(20);
/// The pause before the first retry, which doubles, if the provider asks for none.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// An error of a provider.
#[derive(Debug)]
pub(super) struct ProviderFailure {
    pub(super) error: ProviderError,
    /// How many tokens the prompt has, where the provider says so.
    pub(super) prompt_tokens: Option<u64>,
    /// Whether the provider says with a code, not only in a text, that the prompt is too long.
    pub(super) has_context_code: bool,
    is_transient: bool,
    retry_after: Option<Duration>,
    /// For the log alone.
    said: String,
}

impl ProviderFailure {
    /// A failure of a connection, or of what came through it: the next one may be better.
    pub(super) fn transient(error: ProviderError, said: impl Into<String>) -> Self {
        Self { is_transient: true, ..Self::fatal(error, said) }
    }

    /// A failure that a retry does not mend.
    pub(super) fn fatal(error: ProviderError, said: impl Into<String>) -> Self {
        let said = said.into();
        Self {
            error,
            prompt_tokens: None,
            has_context_code: false,
            is_transient: false,
            retry_after: None,
            said,
        }
    }

    /// An error of the HTTP client. The URL is the deployment's, and left out.
    pub(super) fn of_transport(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut said = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            said = format!("{said}: {error}");
            cause = error.source();
        }
        Self::transient(ProviderError::Unavailable, said)
    }

    /// A response that is no success.
    pub(super) fn of_response(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let failure = Self::of_object(&ErrorObject::of_body(body), Some(status.as_u16()));
        Self { retry_after: retry_after(headers), said: format!("{status}: {}", failure.said), ..failure }
    }

    /// An error object, in a response of this status or within a stream.
    pub(super) fn of_object(object: &ErrorObject, status: Option<u16>) -> Self {
        let error = object.classify(status);
        let is_transient = matches!(error, ProviderError::RateLimited | ProviderError::Unavailable)
            && !object.is_about_quota();
        let prompt_tokens = object.prompt_tokens.and_then(|tokens| u64::try_from(tokens).ok());
        let has_context_code = object.has_context_code();
        Self { prompt_tokens, has_context_code, is_transient, ..Self::fatal(error, object.said()) }
    }

    /// An error object within a stream: its words may be those of the answer, and go into no log.
    pub(super) fn of_streamed(object: &ErrorObject) -> Self {
        Self { said: object.codes(), ..Self::of_object(object, None) }
    }

    /// How long to wait before the request is sent again. `None` if it is not.
    pub(super) fn pause(&self, retries: u32) -> Option<Duration> {
        if !self.is_transient || retries >= MAX_RETRIES {
            return None;
        }
        match self.retry_after {
            Some(asked) => (asked <= MAX_RETRY_AFTER).then_some(asked),
            // With jitter, so that runs that failed together do not come again together.
            None => Some(RETRY_PAUSE.mul_f64(f64::from(1 << retries) * (0.75 + fastrand::f64() / 2.0))),
        }
    }

    /// Writes a failure within a stream to the log.
    pub(super) fn log_streamed(&self, model: &str) {
        tracing::warn!(model, code = self.error.code(), said = self.said, "a provider failed");
    }

    /// Writes it to the log.
    pub(super) fn log(&self, model: &str, redactor: &Redactor<'_>) {
        let said = redactor.redacted(&self.said);
        tracing::warn!(model, code = self.error.code(), said, "a provider failed");
    }
}

/// What `Retry-After` asks for, in seconds or as a date, or `retry-after-ms`, which is more exact.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |value: &reqwest::header::HeaderValue| value.to_str().ok().map(|text| text.trim().to_owned());
    if let Some(millis) = headers.get("retry-after-ms").and_then(text).and_then(|text| text.parse().ok()) {
        return Some(Duration::from_millis(millis));
    }
    let asked = headers.get(RETRY_AFTER).and_then(text)?;
    if let Ok(seconds) = asked.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    // The provider's own clock, so that ours does not count.
    let date = |text: &str| chrono::DateTime::parse_from_rfc2822(text).ok();
    let now = headers.get(DATE).and_then(text).and_then(|text| date(&text))?;
    Some((date(&asked)? - now).to_std().unwrap_or_default())
}
