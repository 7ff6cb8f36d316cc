//! Models, providers and contexts: the fake model has each quirk of the servers that are known.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test ends where something is amiss")]

mod addresses;
mod context;
mod echo;
mod errors;
mod fake_model;
mod models;
mod parts;
mod prefixes;
mod quirks;
mod requests;
mod retries;
mod sse;
mod support;
mod timeouts;
mod token_meter;
mod tool_turns;
