//! The whole stack, driven through its gateway as clients do.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends where something is amiss"
)]

mod accounts;
mod activity;
mod answers;
mod app;
mod chat_undo;
mod checks;
mod contract;
mod document;
mod dropped_answers;
mod generators;
mod idempotency;
mod isolation;
mod limits;
mod marker;
mod metrics;
mod openapi;
mod paging;
mod prompt_prefixes;
mod session;
mod streams;
mod texts;
mod traces;
mod tree;
mod upgrade;
mod walk_through;
mod wire;
