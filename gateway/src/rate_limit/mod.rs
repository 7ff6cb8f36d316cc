//! Rate limits: how many requests, and bytes, are taken of a user or an address in a time (token bucket), and how many streams a user has
//! open at once.
//!
//! The buckets are in this process: a second gateway has its own, so that two allow twice as much.

pub(crate) mod admission;
pub(crate) mod byte_meter;
pub(crate) mod byte_rate;
pub(crate) mod config;
pub(crate) mod headers;
mod limiter;
pub(crate) mod user_streams;
