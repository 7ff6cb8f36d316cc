//! A stand-in, which the module of the models replaces.

use crate::provider::{Generation, Prompt, ProviderError};
use shared::env::{ConfigError, Env};
use std::sync::Arc;

/// What the deployment offers.
#[derive(Debug, Clone)]
pub struct Models(Arc<Vec<Model>>);

/// A model.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "a stand-in")]
pub struct Model {
    pub name: String,
    pub context_window: u32,
    pub max_output_tokens: Option<u32>,
    pub vision: bool,
    pub tools: bool,
    pub reasoning: bool,
    pub max_runs: Option<u32>,
}

impl Models {
    /// The echo model alone.
    pub fn from_env(_: &Env) -> Result<Self, ConfigError> {
        let (name, context_window) = ("banyan/echo".to_owned(), 8_192);
        let no = (false, false, false);
        let (vision, tools, reasoning) = no;
        let echo =
            Model { name, context_window, max_output_tokens: None, vision, tools, reasoning, max_runs: None };
        Ok(Self(Arc::new(vec![echo])))
    }

    /// The model of this name, or the default one.
    pub fn find(&self, name: Option<&str>) -> Option<&Model> {
        self.0.iter().find(|model| name.is_none_or(|name| model.name == name))
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Model> {
        self.0.iter()
    }
}

impl Model {
    /// Sends a prompt.
    pub async fn open(&self, prompt: Prompt) -> Result<Generation, ProviderError> {
        std::future::ready(Ok(Generation::echo(&prompt))).await
    }
}
