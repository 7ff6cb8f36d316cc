//! Why a provider gave no response, or only a part of one.

/// An error of a provider. It holds nothing that the provider said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The key was refused.
    #[error("the provider refused the key")]
    Auth,
    /// There were too many requests.
    #[error("the provider limits the rate")]
    RateLimited,
    /// The provider was not reached, failed, or ended a response half-way.
    #[error("the provider is unavailable")]
    Unavailable,
    /// The request was refused.
    #[error("the provider refused the request")]
    Rejected,
    /// The prompt has more tokens than the context window.
    #[error("the prompt is too long")]
    ContextTooLong {
        /// The context window, where the provider names it.
        context_window: Option<u32>,
    },
    /// Nothing came in time.
    #[error("the provider did not answer in time")]
    TimedOut,
    /// The response is no stream of a chat completion: the base URL leads elsewhere.
    #[error("the provider's response is no stream")]
    NoStream,
}

impl ProviderError {
    /// The code that clients see.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Auth => "provider_auth",
            Self::RateLimited => "provider_rate_limited",
            Self::Unavailable | Self::NoStream => "provider_unavailable",
            Self::Rejected => "provider_rejected",
            Self::ContextTooLong { .. } => "context_too_long",
            Self::TimedOut => "timed_out",
        }
    }
}
