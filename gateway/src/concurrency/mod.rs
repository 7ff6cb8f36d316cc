//! How many requests a replica has at once.

mod adaptive;
pub(crate) mod config;
mod limiter;
pub(crate) mod limits;
mod overload;
mod permit;
