//! How many requests are taken of whom.
//!
//! What is counted is counted in this process: a second gateway counts for itself, so that two allow twice as much.

pub(crate) mod admission;
pub(crate) mod byte_meter;
pub(crate) mod byte_rate;
pub(crate) mod config;
pub(crate) mod headers;
mod limiter;
