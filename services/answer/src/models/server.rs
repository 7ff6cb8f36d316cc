//! Reads of an entry where its model is, and with which key.

use super::entry::{Entry, MaxTokensField};
use super::file_text::FileText;
use super::model::Backend;
use crate::provider::{ModelServer, RequestOptions, is_refused};
use reqwest::Url;
use reqwest::header::HeaderValue;
use secrecy::SecretString;
use shared::env::{ConfigError, Env};
use std::net::IpAddr;
use std::ops::Range;
use toml::Spanned;

/// What the server of an entry is read with.
pub(super) struct ServerReader<'a> {
    pub(super) text: FileText<'a>,
    pub(super) env: &'a Env,
    pub(super) http: &'a reqwest::Client,
}

impl ServerReader<'_> {
    /// The server of an entry, which is at this place.
    pub(super) fn read(&self, entry: &Entry, span: &Range<usize>) -> Result<Backend, ConfigError> {
        let mut wrong = ConfigError::none();
        let url = match &entry.base_url {
            Some(url) => self.url(url),
            None => Err(self.text.wrong(span, "the model has no base_url")),
        };
        let (url, api_key) = (wrong.note(url), wrong.note(self.api_key(entry)));
        let (Some(url), Some(api_key)) = (url, api_key) else { return Err(wrong) };
        let request = &entry.request;
        let options = RequestOptions {
            max_output_tokens: entry.max_output_tokens.as_ref().map(|most| *most.get_ref()),
            max_completion_tokens: request.max_tokens_field == MaxTokensField::MaxCompletionTokens,
            stream_usage: request.stream_usage.unwrap_or(true),
            prompt_cache_key: request.prompt_cache_key.unwrap_or(true),
        };
        let model = entry.model.as_ref().unwrap_or(&entry.name).get_ref().clone();
        Ok(Backend::ModelServer(Box::new(ModelServer {
            http: self.http.clone(),
            url,
            api_key,
            model,
            options,
        })))
    }

    /// The URL of the chat completions below a base URL.
    fn url(&self, base: &Spanned<String>) -> Result<Url, ConfigError> {
        let wrong = |problem: &str| self.text.wrong(&base.span(), problem);
        let expected = "expected a base URL, such as https://api.openai.com/v1";
        let url: Url = base.get_ref().parse().map_err(|_| wrong(expected))?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        if !matches!(url.scheme(), "http" | "https") || !is_plain || url.fragment().is_some() {
            return Err(wrong(expected));
        }
        let host = url.host_str().ok_or_else(|| wrong(expected))?;
        if host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(is_refused) {
            return Err(wrong("no connection is made to this address"));
        }
        format!("{}/chat/completions", url.as_str().trim_end_matches('/'))
            .parse()
            .map_err(|_| wrong(expected))
    }

    fn api_key(&self, entry: &Entry) -> Result<Option<SecretString>, ConfigError> {
        let (span, key) = match (&entry.api_key_file, &entry.api_key_env) {
            (None, None) => return Ok(None),
            (Some(_), Some(env)) => {
                return Err(self.text.wrong(&env.span(), "expected api_key_file or api_key_env, not both"));
            }
            (Some(file), None) => (
                file.span(),
                std::fs::read_to_string(file.get_ref()).map_err(|error| {
                    self.text.wrong(&file.span(), &format!("cannot read the file of the key: {error}"))
                })?,
            ),
            (None, Some(name)) => match self.env.get(name.get_ref()) {
                Some(key) => (name.span(), key.to_owned()),
                None => return Err(self.text.wrong(&name.span(), "the variable of the key is not set")),
            },
        };
        let key = key.trim_end_matches(['\r', '\n']);
        if key.is_empty() || HeaderValue::try_from(key).is_err() {
            return Err(self.text.wrong(&span, "the key is empty, or has characters that no header has"));
        }
        Ok(Some(SecretString::from(key)))
    }
}
