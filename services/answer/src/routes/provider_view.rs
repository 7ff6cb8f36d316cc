//! Views of providers with the caller's keys, and their names in paths.

use serde::Serialize;
use utoipa::ToSchema;

shared_web::request! {
    /// A provider.
    pub struct ProviderPath in path {
        /// The provider, as `get-providers` names it
        pub(super) required provider: String,
    }
}

/// A provider of models, and the caller's own key for it. The key itself is shown to nobody.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Provider)]
pub struct ProviderView {
    /// Its name
    #[schema(example = "openai")]
    pub provider: String,
    /// Whether the caller has a key of their own for it; else that of the deployment is used
    pub has_key: bool,
    /// The end of that key; null without one, and for a key of fewer than 20 characters
    #[schema(required = true, example = "...9f2a")]
    pub key_hint: Option<String>,
}

impl ProviderView {
    /// A provider for which the caller has a key.
    pub fn with_key(provider: String, hint: Option<String>) -> Self {
        Self { provider, has_key: true, key_hint: hint.map(|hint| format!("...{hint}")) }
    }

    /// A provider for which the caller has none.
    pub const fn without_key(provider: String) -> Self {
        Self { provider, has_key: false, key_hint: None }
    }
}
