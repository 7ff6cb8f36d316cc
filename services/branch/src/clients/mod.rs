//! Calls to other services.

mod chat;

pub use chat::Chats;
