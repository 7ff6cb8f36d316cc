//! Calls to other services.

mod branch;
mod chat;
mod message;

pub use branch::{Branches, Line, LinePlace, PlaceRequest};
pub use chat::Chats;
pub use message::{KnownMessage, Message};
