//! Values parsed from requests, and rules without I/O.

mod account;
mod chat_order;
mod chat_state;
mod chat_type;
mod fork_point;
mod key;
mod name;
mod name_part;
mod settings;

pub use account::AccountRef;
pub use chat_order::ChatOrder;
pub use chat_state::{ChatState, StateChange};
pub use chat_type::ChatType;
pub use fork_point::ForkPoint;
pub use key::Replay;
pub use name::Name;
pub use name_part::NamePart;
pub use settings::{ChatSettings, Instructions, ModelName, Truncation};
