//! The echo provider, `banyan/echo`: it streams the question back word by word, so that everything can be tried without a model.

mod directives;
mod stream;

pub(super) use directives::Echo;
pub(super) use stream::EchoStream;
