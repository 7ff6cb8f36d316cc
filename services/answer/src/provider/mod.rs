//! Providers of models: servers of Chat Completions, and the echo provider, which is built in.

mod address;
mod completion;
mod echo;
mod error;
mod error_object;
mod event;
mod failure;
mod fields;
mod generation;
mod http;
mod model_server;
mod prompt;
mod redactor;
mod request;
pub mod sse;
mod stream;
mod tokens;
mod tool_calls;

pub use address::is_refused;
pub use error::ProviderError;
pub use event::{Event, FinishReason, Usage};
pub use generation::Generation;
pub use http::client;
pub use model_server::ModelServer;
pub use prompt::{Parameters, Prompt, PromptMessage};
pub use request::RequestOptions;
pub use tokens::{MESSAGE_TOKENS, Overflow, TokenMeter, estimate, estimate_json};
