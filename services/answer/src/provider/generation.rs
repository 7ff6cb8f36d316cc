//! A running response of a provider, whichever it is.

use super::echo::{Echo, EchoStream};
use super::error::ProviderError;
use super::event::{Event, Usage};
use super::model_server::ModelServer;
use super::prompt::Prompt;
use super::redactor::Redactor;
use super::stream::CompletionStream;
use super::tokens::{Overflow, TokenMeter};

/// A running response of a provider. Dropping it closes the connection.
pub struct Generation(Source);

enum Source {
    Completion(Box<RunningCompletion>),
    Echo(Box<EchoStream>),
}

struct RunningCompletion {
    stream: CompletionStream,
    model: String,
    meter: TokenMeter,
    /// The estimate of the prompt, which usage corrects.
    estimate: u64,
}

impl std::fmt::Debug for Generation {
    /// Without texts: an answer is not logged.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Generation")
    }
}

impl Generation {
    /// Sends a prompt to a server, and waits for the first event. Its counts go to the model's meter.
    pub(crate) async fn of_server(
        server: &ModelServer,
        prompt: &Prompt,
        meter: &TokenMeter,
        context_window: u32,
    ) -> Result<Self, ProviderError> {
        let estimate = prompt.estimate();
        let redactor = Redactor::of(server.api_key.as_ref(), prompt);
        match server.open(prompt, &redactor).await {
            Ok(stream) => {
                let (model, meter) = (server.model.clone(), meter.clone());
                let running = RunningCompletion { stream, model, meter, estimate };
                Ok(Self(Source::Completion(Box::new(running))))
            }
            Err(failure) => {
                failure.log(&server.model, &redactor);
                if let ProviderError::ContextTooLong { context_window: window } = failure.error {
                    let (is_certain, tokens) = (failure.has_context_code, failure.prompt_tokens);
                    meter.record_overflow(context_window, Overflow { estimate, window, is_certain, tokens });
                }
                Err(failure.error)
            }
        }
    }

    /// The echo of a prompt.
    pub(crate) fn of_echo(prompt: &Prompt) -> Self {
        Self(Source::Echo(Box::new(Echo::of(prompt).stream())))
    }

    /// The next event; `None` after the last one, and after an error. Cancel-safe.
    pub async fn next(&mut self) -> Option<Result<Event, ProviderError>> {
        match &mut self.0 {
            Source::Echo(echo) => echo.next().await,
            Source::Completion(running) => running.next().await,
        }
    }
}

impl RunningCompletion {
    async fn next(&mut self) -> Option<Result<Event, ProviderError>> {
        let event = match self.stream.next().await? {
            Ok(event) => event,
            Err(failure) => {
                failure.log_streamed(&self.model);
                return Some(Err(failure.error));
            }
        };
        if let Event::Usage(Usage { input_tokens: Some(tokens), .. }) = &event {
            self.meter.record(self.estimate, u64::try_from(*tokens).unwrap_or_default());
        }
        Some(Ok(event))
    }
}
