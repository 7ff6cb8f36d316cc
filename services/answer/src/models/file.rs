//! Reads the file of models. Each error names its line.

use super::entry::{Capability, Entry, ModelsFile};
use super::file_text::{FileText, VARIABLE};
use super::model::{Backend, ECHO, ECHO_CONTEXT_WINDOW, MAX_LINE_BYTES, Model};
use super::server::ServerReader;
use crate::provider::TokenMeter;
use shared::env::{ConfigError, Env};
use std::ops::Range;
use toml::Spanned;

/// As long as the names of models in a chat's settings may be.
const MAX_NAME_CHARS: usize = 200;
/// The longest name of a provider.
const MAX_PROVIDER_CHARS: usize = 64;
const MIN_CONTEXT_WINDOW: u32 = 128;

/// What the entries are read with.
pub(super) struct FileReader<'a> {
    pub(super) text: FileText<'a>,
    pub(super) env: &'a Env,
    pub(super) http: &'a reqwest::Client,
}

impl FileReader<'_> {
    /// The models of the file, with all that is wrong in it, and the number of the default one.
    pub(super) fn read(&self) -> Result<(Vec<Model>, usize), ConfigError> {
        let file: ModelsFile = toml::from_str(self.text.0)
            .map_err(|error| self.text.wrong(&error.span().unwrap_or_default(), error.message()))?;
        let mut wrong = ConfigError::none();
        let (mut models, mut default) = (Vec::new(), 0);
        for (entry, number) in file.models.iter().zip(0..) {
            let before = || file.models.iter().take(number).map(Spanned::get_ref);
            wrong.note(self.has_other_name(entry.get_ref(), before()));
            wrong.note(self.is_only_default(entry.get_ref(), before()));
            if entry.get_ref().is_default() {
                default = number;
            }
            models.extend(wrong.note(self.model(entry)));
        }
        if wrong.problems().next().is_some() {
            return Err(wrong);
        }
        match models.len() {
            0 => Err(ConfigError::new(VARIABLE, "names no model")),
            _ => Ok((models, default)),
        }
    }

    fn has_other_name<'a>(
        &self,
        entry: &Entry,
        mut before: impl Iterator<Item = &'a Entry>,
    ) -> Result<(), ConfigError> {
        if before.any(|other| other.name.get_ref() == entry.name.get_ref()) {
            return Err(self.text.wrong(&entry.name.span(), "a model of this name comes before"));
        }
        Ok(())
    }

    fn is_only_default<'a>(
        &self,
        entry: &Entry,
        mut before: impl Iterator<Item = &'a Entry>,
    ) -> Result<(), ConfigError> {
        match &entry.default {
            Some(default) if entry.is_default() && before.any(Entry::is_default) => {
                Err(self.text.wrong(&default.span(), "another model is the default"))
            }
            _ => Ok(()),
        }
    }

    fn model(&self, entry: &Spanned<Entry>) -> Result<Model, ConfigError> {
        let (span, entry) = (entry.span(), entry.get_ref());
        let is_echo = entry.name.get_ref() == ECHO;
        let mut wrong = ConfigError::none();
        let name = wrong.note(self.name(&entry.name));
        let context_window = wrong.note(self.context_window(entry, &span, is_echo));
        let backend = wrong.note(if is_echo {
            self.echo(entry)
        } else {
            ServerReader { text: self.text, env: self.env, http: self.http }.read(entry, &span)
        });
        let max_runs = wrong.note(self.positive(entry.limits.max_runs.as_ref()));
        let max_output_tokens = wrong.note(self.positive(entry.max_output_tokens.as_ref()));
        let (Some(name), Some(context_window), Some(backend)) = (name, context_window, backend) else {
            return Err(wrong);
        };
        let provider = wrong.note(entry.provider.as_ref().map(|name| self.provider(name)).transpose());
        let (Some(max_runs), Some(max_output_tokens), Some(provider)) =
            (max_runs, max_output_tokens, provider)
        else {
            return Err(wrong);
        };
        let can = |capability| entry.capabilities.contains(&capability);
        Ok(Model {
            name,
            provider,
            context_window,
            max_output_tokens,
            vision: can(Capability::Vision),
            tools: can(Capability::Tools),
            reasoning: can(Capability::Reasoning),
            max_runs,
            max_line_bytes: MAX_LINE_BYTES,
            meter: TokenMeter::default(),
            backend,
        })
    }

    fn name(&self, name: &Spanned<String>) -> Result<String, ConfigError> {
        let text = name.get_ref();
        if text.is_empty() || text.chars().count() > MAX_NAME_CHARS || text.chars().any(char::is_control) {
            return Err(self.text.wrong(&name.span(), "expected a name of 1 to 200 characters"));
        }
        Ok(text.clone())
    }

    /// The name of a provider, which is a part of a path.
    fn provider(&self, name: &Spanned<String>) -> Result<String, ConfigError> {
        let text = name.get_ref();
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if text.is_empty() || text.len() > MAX_PROVIDER_CHARS || !text.chars().all(is_of_name) {
            let expected = "expected a provider's name of 1 to 64 letters, digits, - and _";
            return Err(self.text.wrong(&name.span(), expected));
        }
        Ok(text.clone())
    }

    fn context_window(&self, entry: &Entry, span: &Range<usize>, is_echo: bool) -> Result<u32, ConfigError> {
        match &entry.context_window {
            Some(tokens) if *tokens.get_ref() >= MIN_CONTEXT_WINDOW => Ok(*tokens.get_ref()),
            Some(tokens) => Err(self.text.wrong(&tokens.span(), "expected a number of tokens from 128")),
            None if is_echo => Ok(ECHO_CONTEXT_WINDOW),
            None => Err(self.text.wrong(span, "the model has no context_window")),
        }
    }

    fn positive(&self, number: Option<&Spanned<u32>>) -> Result<Option<u32>, ConfigError> {
        match number {
            Some(number) if *number.get_ref() == 0 => {
                Err(self.text.wrong(&number.span(), "expected 1 or more"))
            }
            number => Ok(number.map(|number| *number.get_ref())),
        }
    }

    fn echo(&self, entry: &Entry) -> Result<Backend, ConfigError> {
        let of_others = [&entry.base_url, &entry.api_key_file, &entry.api_key_env, &entry.model];
        match of_others.into_iter().flatten().next() {
            Some(field) => {
                Err(self.text.wrong(&field.span(), "banyan/echo is built in, and has no such field"))
            }
            None => Ok(Backend::Echo),
        }
    }
}
