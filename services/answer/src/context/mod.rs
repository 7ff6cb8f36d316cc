//! Which messages of a line fit into a model's context window.

mod budget;
mod items;
mod message;
mod turns;
mod window;

pub use message::ContextMessage;
pub use window::Context;
