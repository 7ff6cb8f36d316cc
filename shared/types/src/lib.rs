#![doc = include_str!("../README.md")]

pub mod case_folding;
pub mod chat_activity;
pub mod check;
pub mod clock;
pub mod commit_counts;
pub mod env;
pub mod error;
pub mod http_client;
pub mod idempotency;
pub mod ids;
#[cfg(feature = "diesel")]
mod json_text;
pub mod log_fields;
pub mod pool_state;
pub mod rate_limit;
pub mod retry;
pub mod service;
#[cfg(feature = "diesel")]
pub mod sql_types;
#[cfg(feature = "diesel")]
mod sql_values;
pub mod tags;
pub mod tasks;
pub mod undo_window;
pub mod username;
pub mod validation;
