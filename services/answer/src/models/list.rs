//! All models that the deployment offers.

use super::file::FileReader;
use super::file_text::{FileText, VARIABLE};
use super::model::{MAX_LINE_BYTES, Model};
use crate::byte_size::bytes_from_env;
use crate::provider;
use shared::env::{ConfigError, Env};
use shared::settings;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// The range of `ANSWERS_CONTEXT_BYTES`: from the longest message on.
const LINE_BYTES_RANGE: RangeInclusive<usize> = 4 << 20..=64 << 20;
/// The largest `ANSWERS_AT_ONCE_PER_MODEL`.
const MAX_RUNS: u32 = 1_000_000;

/// The models that the deployment offers; at least one. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Models {
    models: Arc<[Model]>,
    default: usize,
}

impl Models {
    /// The models of the file that `MODELS_FILE` names; without it the built-in one.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let mut wrong = ConfigError::none();
        let (read, limits) = (wrong.note(read(env)), wrong.note(DefaultLimits::from_env(env)));
        let (Some((models, default)), Some(limits)) = (read, limits) else { return Err(wrong) };
        Ok(Self { models: models.into_iter().map(|model| limits.of(model)).collect(), default })
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

/// The models, and the number of the default one.
fn read(env: &Env) -> Result<(Vec<Model>, usize), ConfigError> {
    let Some(path) = env.get(VARIABLE) else {
        return Ok((vec![Model::echo()], 0));
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::new(VARIABLE, format!("cannot read the file: {error}")))?;
    let http = provider::client()
        .map_err(|error| ConfigError::new(VARIABLE, format!("no client can be made: {error}")))?;
    FileReader { text: FileText(&text), env, http: &http }.read()
}

/// The limits of models whose entries have none.
struct DefaultLimits {
    /// 0 for none.
    runs: u32,
    line_bytes: usize,
}

impl DefaultLimits {
    fn from_env(env: &Env) -> Result<Self, ConfigError> {
        settings!(Self {
            runs: env.number("ANSWERS_AT_ONCE_PER_MODEL", "answers", 0..=MAX_RUNS, 0),
            line_bytes: bytes_from_env(env, "ANSWERS_CONTEXT_BYTES", LINE_BYTES_RANGE, MAX_LINE_BYTES),
        })
    }

    fn of(&self, model: Model) -> Model {
        let max_runs = model.max_runs.or(Some(self.runs).filter(|runs| *runs > 0));
        Model { max_runs, max_line_bytes: self.line_bytes, ..model }
    }
}
