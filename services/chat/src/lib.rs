//! The chat service: chats with their owners, and conversation records.

mod account_deletion;
mod chat_forking;
pub mod cli;
mod clients;
pub mod config;
mod current_user;
pub mod domain;
pub mod error;
mod problem;
pub mod routes;
pub mod startup;
mod state;
mod store;
