//! Calls to other services.

mod auth;
mod branch;

pub use auth::Users;
pub use branch::Branches;
