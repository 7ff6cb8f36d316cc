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
#[path = "../provider/fake_model.rs"]
#[expect(dead_code, reason = "it is that of the providers' suite")]
mod fake_model;
mod fake_provider;
mod get_answers;
mod killed;
mod limits;
mod lines;
mod metrics;
mod outage;
mod ownership;
mod paused;
mod process;
mod process_scene;
mod processes;
mod provider_cases;
mod provider_faults;
mod provider_keys;
mod provider_quirks;
mod queue;
mod reader;
mod refusals;
mod regenerate_answer;
mod replicas;
mod shutdown;
mod stop_answer;
mod stream_answer;
mod user;
