//! Concurrency limits: how many requests a replica has at once, adapted to its latency, and how long others queue.

mod adaptive;
pub(crate) mod config;
mod limiter;
pub(crate) mod limits;
mod overload;
mod permit;
pub(crate) mod stream_limiter;
