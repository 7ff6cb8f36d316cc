//! The answer service, driven through HTTP.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends where something is amiss"
)]

mod access;
mod app;
mod branch_service;
mod create_answer;
mod database;
mod deletion;
mod events;
mod fake_provider;
mod get_answers;
mod limits;
mod lines;
mod metrics;
mod outage;
mod ownership;
mod provider_keys;
mod queue;
mod refusals;
mod regenerate_answer;
mod replicas;
mod shutdown;
mod stop_answer;
mod stream_answer;
