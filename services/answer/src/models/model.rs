//! A model that the deployment offers.

use crate::provider::{Generation, ModelServer, Prompt, ProviderError, TokenMeter};
use secrecy::SecretString;

/// The name of the built-in model.
pub(super) const ECHO: &str = "banyan/echo";
/// The context window of the built-in model, if the file names no other.
pub(super) const ECHO_CONTEXT_WINDOW: u32 = 32_768;

/// The most bytes of a line, unless the deployment says otherwise.
pub(super) const MAX_LINE_BYTES: usize = 16 << 20;

/// A model that the deployment offers.
#[derive(Debug, Clone)]
pub struct Model {
    /// The name that clients use.
    pub name: String,
    /// Whose keys users may store for it, where they may; such as `openai`.
    pub provider: Option<String>,
    /// The most tokens of prompt and response together.
    pub context_window: u32,
    /// The most tokens of a response.
    pub max_output_tokens: Option<u32>,
    /// Whether it reads images.
    pub vision: bool,
    /// Whether it calls tools.
    pub tools: bool,
    /// Whether it reasons before it answers.
    pub reasoning: bool,
    /// The most runs at once.
    pub max_runs: Option<u32>,
    /// The most bytes of the texts of a line that are sent with a question: a window of many tokens is no reason to hold more in memory.
    pub max_line_bytes: usize,
    /// What was learned of its tokens; the same for all clones.
    pub(crate) meter: TokenMeter,
    pub(super) backend: Backend,
}

/// What answers.
#[derive(Debug, Clone)]
pub(super) enum Backend {
    Echo,
    ModelServer(Box<ModelServer>),
}

impl Model {
    /// The built-in model.
    pub(super) fn echo() -> Self {
        Self {
            name: ECHO.to_owned(),
            provider: None,
            context_window: ECHO_CONTEXT_WINDOW,
            max_output_tokens: None,
            vision: false,
            tools: true,
            reasoning: false,
            max_runs: None,
            max_line_bytes: MAX_LINE_BYTES,
            meter: TokenMeter::default(),
            backend: Backend::Echo,
        }
    }

    /// The same model for one run, which learns from its refusals for itself.
    #[must_use]
    pub fn for_run(&self) -> Self {
        Self { meter: self.meter.for_run(), ..self.clone() }
    }

    /// Sends a prompt and waits for the first event of the response: up to 120 s, and longer with retries. Dropping the future
    /// closes the connection.
    ///
    /// After [`ProviderError::ContextTooLong`] a new [`crate::context::Context`] of the same messages holds fewer of them.
    pub async fn open(&self, prompt: Prompt) -> Result<Generation, ProviderError> {
        self.open_with_key(prompt, None).await
    }

    /// The same with a user's own key in place of the deployment's.
    pub async fn open_with_key(
        &self,
        prompt: Prompt,
        key: Option<SecretString>,
    ) -> Result<Generation, ProviderError> {
        match (&self.backend, key) {
            (Backend::Echo, _) => Ok(Generation::of_echo(&prompt)),
            (Backend::ModelServer(server), None) => self.ask(server, &prompt).await,
            (Backend::ModelServer(server), Some(key)) => {
                let server = ModelServer { api_key: Some(key), ..ModelServer::clone(server) };
                self.ask(&server, &prompt).await
            }
        }
    }

    async fn ask(&self, server: &ModelServer, prompt: &Prompt) -> Result<Generation, ProviderError> {
        Generation::of_server(server, prompt, &self.meter, self.context_window).await
    }
}
