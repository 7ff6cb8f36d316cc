//! The auth service, driven through HTTP.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends where something is amiss"
)]

mod app;
mod change_password;
mod commands;
mod conventions;
mod database;
mod failed_logins;
mod internal;
mod login;
mod logout;
mod me;
mod names;
mod outage;
mod outbox;
mod refresh;
mod register;
mod row_locks;
mod start;
mod token;
