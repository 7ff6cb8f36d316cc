//! The gateway in front of several replicas of a service, discovered by names that change while it runs.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends where something is amiss"
)]

mod app;
mod deaths;
mod ejection;
mod idle;
mod metrics;
mod names;
mod replica;
mod shares;
