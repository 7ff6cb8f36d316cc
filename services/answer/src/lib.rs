//! The answer service: models answer questions, and what they answer is streamed, resumed, stopped and stored.

pub mod cli;
mod clients;
pub mod config;
pub mod context;
pub mod domain;
pub mod error;
mod executor;
mod metrics;
pub mod models;
mod problem;
pub mod provider;
pub mod routes;
pub mod startup;
mod state;
pub mod store;
mod streams;
