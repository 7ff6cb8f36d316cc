//! The errors of providers: an object in the body of a response, or in its stream.

use super::error::ProviderError;
use super::fields::{count, text};
use serde_json::Value;

/// The longest word that is taken for a code.
const MAX_CODE_BYTES: usize = 64;

/// An error as a provider describes it. Each server leaves out another field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ErrorObject {
    code: String,
    kind: String,
    message: String,
    /// The status within the object.
    status: Option<i64>,
    context_window: Option<i64>,
    pub(super) prompt_tokens: Option<i64>,
}

impl ErrorObject {
    /// The error in a JSON value. `None` if it is none.
    pub(super) fn find(value: &Value) -> Option<Self> {
        match value.get("error") {
            Some(Value::String(message)) if !message.is_empty() => {
                Some(Self { message: message.clone(), ..Self::default() })
            }
            Some(error @ Value::Object(_)) => Some(Self::of(error)),
            _ if text(value, "object") == Some("error") => Some(Self::of(value)),
            _ => detail(value).map(|message| Self { message, ..Self::default() }),
        }
    }

    /// The error in a response's body: an object, or else a text.
    pub(super) fn of_body(body: &[u8]) -> Self {
        match serde_json::from_slice(body) {
            Ok(value) => Self::find(&value).unwrap_or_default(),
            Err(_) => Self { message: String::from_utf8_lossy(body).into_owned(), ..Self::default() },
        }
    }

    fn of(error: &Value) -> Self {
        let owned = |name| text(error, name).unwrap_or_default().to_owned();
        let message = owned("message");
        Self {
            code: owned("code"),
            kind: owned("type"),
            status: count(error, &["code", "status"]),
            context_window: count(error, &["n_ctx"]).or_else(|| number_after(&message, "context length is ")),
            prompt_tokens: count(error, &["n_prompt_tokens"]),
            message,
        }
    }

    /// What went wrong. The response's status counts more than the one within the object.
    pub(super) fn classify(&self, status: Option<u16>) -> ProviderError {
        let has = |words: &[&str]| self.has(words);
        if self.has_context_code() || self.tells_of_the_context() {
            let context_window = self.context_window.and_then(|window| u32::try_from(window).ok());
            return ProviderError::ContextTooLong { context_window };
        }
        if has(&["rate_limit_exceeded", "rate_limit_error", "insufficient_quota"]) {
            return ProviderError::RateLimited;
        }
        if has(&["authentication_error", "permission_error", "invalid_api_key"]) {
            return ProviderError::Auth;
        }
        match status.map(i64::from).or(self.status) {
            Some(401..=403) => ProviderError::Auth,
            Some(429) => ProviderError::RateLimited,
            Some(408 | 425) => ProviderError::Unavailable,
            Some(300..=499) => ProviderError::Rejected,
            None if has(&["invalid_request_error"]) => ProviderError::Rejected,
            _ => ProviderError::Unavailable,
        }
    }

    /// Whether a code says that the prompt is too long.
    pub(super) fn has_context_code(&self) -> bool {
        self.has(&["context_length_exceeded", "exceed_context_size_error"])
    }

    fn has(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.code == *word || self.kind == *word)
    }

    /// Whether it lasts until somebody pays: a retry is in vain.
    pub(super) fn is_about_quota(&self) -> bool {
        self.code == "insufficient_quota" || self.kind == "insufficient_quota"
    }

    fn tells_of_the_context(&self) -> bool {
        let message = self.message.to_ascii_lowercase();
        ["maximum context length", "available context size", "context window", "prompt is too long"]
            .iter()
            .any(|words| message.contains(words))
    }

    /// Its codes, as far as they are words: a server may write anything there.
    pub(super) fn codes(&self) -> String {
        let is_code = |text: &str| {
            text.len() <= MAX_CODE_BYTES
                && text.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'-' | b'.'))
        };
        let codes = [&self.kind, &self.code].into_iter().filter(|code| !code.is_empty() && is_code(code));
        let status = self.status.map(|status| status.to_string());
        codes.cloned().chain(status).collect::<Vec<_>>().join(" ")
    }

    /// What it says.
    pub(super) fn said(&self) -> String {
        format!("{} {} {}", self.kind, self.code, self.message)
    }
}

/// The number that follows these words.
fn number_after(message: &str, words: &str) -> Option<i64> {
    let (_, rest) = message.split_once(words)?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).map_or(rest, |end| rest.split_at(end).0);
    digits.parse().ok()
}

/// The detail of an error as frameworks write it: a text, or what is wrong with each field, beside the fields themselves.
fn detail(value: &Value) -> Option<String> {
    match value.get("detail")? {
        Value::String(detail) => Some(detail.clone()),
        Value::Array(details) => {
            let messages: Vec<&str> = details.iter().filter_map(|detail| text(detail, "msg")).collect();
            Some(messages.join("; "))
        }
        _ => None,
    }
}
