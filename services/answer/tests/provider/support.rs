//! What the tests share.

use crate::fake_model::{FakeModel, Reply};
use answer::models::{Model, Models};
use answer::provider::{Event, FinishReason, Generation, Parameters, Prompt, PromptMessage, ProviderError};
use serde_json::{Value, json};
use shared::env::{ConfigError, Env};
use std::io::Write;

/// The models of a file with this text, with `KEY` in the environment.
pub fn models(text: &str) -> Result<Models, ConfigError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let variables = [
        ("MODELS_FILE", file.path().to_str().unwrap()),
        ("KEY", "sk-secret-0123"),
        ("OPENAI_API_KEY", "sk-secret-4567"),
    ];
    Models::from_env(&Env::of(variables))
}

/// A model at this base URL, with further fields.
pub fn model_with(base_url: &str, fields: &str) -> Model {
    let text = format!(
        "[[models]]\nname = \"m\"\nbase_url = \"{base_url}\"\napi_key_env = \"KEY\"\ncontext_window = 1000\n{fields}"
    );
    models(&text).unwrap().find(None).unwrap().clone()
}

/// A model at this base URL.
pub fn model(base_url: &str) -> Model {
    model_with(base_url, "")
}

/// The model that echoes.
pub fn echo() -> Model {
    Models::from_env(&Env::default()).unwrap().find(None).unwrap().clone()
}

/// A prompt of this question.
pub fn prompt(question: &str) -> Prompt {
    let messages = vec![PromptMessage::User(question.to_owned())];
    Prompt { instructions: None, messages, parameters: Parameters::default(), cache_key: String::new() }
}

/// All events, and how it ended.
pub async fn collect(mut generation: Generation) -> (Vec<Event>, Option<ProviderError>) {
    let mut events = Vec::new();
    while let Some(event) = generation.next().await {
        match event {
            Ok(event) => events.push(event),
            Err(error) => {
                assert!(generation.next().await.is_none(), "nothing comes after an error");
                return (events, Some(error));
            }
        }
    }
    (events, None)
}

/// The events of a fake model's reply.
pub async fn events_of(reply: Reply) -> (Vec<Event>, Option<ProviderError>) {
    let fake = FakeModel::start(vec![reply]).await;
    match model(&fake.base_url).open(prompt("hi")).await {
        Ok(generation) => collect(generation).await,
        Err(error) => (Vec::new(), Some(error)),
    }
}

/// The texts of events.
pub fn text(events: &[Event]) -> String {
    let text = |event: &Event| match event {
        Event::Text(text) => Some(text.clone()),
        _ => None,
    };
    events.iter().filter_map(text).collect()
}

/// The last event's reason.
pub fn finish(events: &[Event]) -> Option<FinishReason> {
    match events.last() {
        Some(Event::Finished(reason)) => Some(*reason),
        _ => None,
    }
}

/// A chunk with this text.
pub fn delta(content: &str) -> Value {
    json!({"choices": [{"index": 0, "delta": {"content": content}, "finish_reason": null}]})
}

/// A chunk with this reason.
pub fn finished(reason: &Value) -> Value {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}
