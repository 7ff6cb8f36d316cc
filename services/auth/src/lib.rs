//! The auth service: users, passwords and tokens.

mod accounts;
pub mod cli;
mod client_address;
pub mod config;
mod current_user;
pub mod domain;
pub mod error;
mod hasher;
mod password_grants;
mod problem;
pub mod routes;
mod sessions;
pub mod startup;
mod state;
mod store;
mod throttle;
