//! Values parsed from requests, and rules without I/O.

mod account;
mod chat_type;
mod key;
mod name;

pub use account::AccountRef;
pub use chat_type::ChatType;
pub use key::Replay;
pub use name::Name;
