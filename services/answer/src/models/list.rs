//! All models that the deployment offers.

use super::file::Reader;
use super::file_text::{FileText, VARIABLE};
use super::model::Model;
use crate::provider;
use shared::env::{ConfigError, Env};
use std::sync::Arc;

/// The models that the deployment offers; at least one. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Models {
    models: Arc<[Model]>,
    default: usize,
}

impl Models {
    /// The models of the file that `MODELS_FILE` names; without it the built-in one.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let Some(path) = env.get(VARIABLE) else {
            return Ok(Self { models: Arc::new([Model::echo()]), default: 0 });
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::new(VARIABLE, format!("cannot read the file: {error}")))?;
        let http = provider::client()
            .map_err(|error| ConfigError::new(VARIABLE, format!("no client can be made: {error}")))?;
        let (models, default) = Reader { text: FileText(&text), env, http: &http }.read()?;
        Ok(Self { models: models.into(), default })
    }

    /// The model of this name, or the default one.
    pub fn find(&self, name: Option<&str>) -> Option<&Model> {
        match name {
            Some(name) => self.models.iter().find(|model| model.name == name),
            None => self.models.get(self.default),
        }
    }

    /// All of them, in the order of the file.
    pub fn all(&self) -> impl Iterator<Item = &Model> {
        self.models.iter()
    }

    /// The providers for which users may store keys of their own, in the order of the file, each once.
    pub fn providers(&self) -> Vec<&str> {
        let mut providers = Vec::new();
        for provider in self.models.iter().filter_map(|model| model.provider.as_deref()) {
            if !providers.contains(&provider) {
                providers.push(provider);
            }
        }
        providers
    }
}
