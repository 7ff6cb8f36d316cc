//! An entry of the file of models, as it is written, with the places of its values.

use serde::Deserialize;
use toml::Spanned;

/// The file: `[[models]]`, any number of times.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelsFile {
    pub(super) models: Vec<Spanned<Entry>>,
}

/// A model. The fields are described in `deploy/models.example.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) name: Spanned<String>,
    pub(super) provider: Option<Spanned<String>>,
    pub(super) base_url: Option<Spanned<String>>,
    pub(super) api_key_file: Option<Spanned<String>>,
    pub(super) api_key_env: Option<Spanned<String>>,
    pub(super) model: Option<Spanned<String>>,
    pub(super) context_window: Option<Spanned<u32>>,
    pub(super) max_output_tokens: Option<Spanned<u32>>,
    #[serde(default)]
    pub(super) capabilities: Vec<Capability>,
    #[serde(default)]
    pub(super) limits: Limits,
    #[serde(default)]
    pub(super) request: Request,
    pub(super) default: Option<Spanned<bool>>,
}

impl Entry {
    /// Whether it says that it is the default.
    pub(super) fn is_default(&self) -> bool {
        self.default.as_ref().is_some_and(|default| *default.get_ref())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Capability {
    Vision,
    Tools,
    Reasoning,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    pub(super) max_runs: Option<Spanned<u32>>,
}

/// What of the requests differs between servers.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    #[serde(default)]
    pub(super) max_tokens_field: MaxTokensField,
    pub(super) stream_usage: Option<bool>,
    pub(super) prompt_cache_key: Option<bool>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MaxTokensField {
    #[default]
    MaxTokens,
    MaxCompletionTokens,
}
