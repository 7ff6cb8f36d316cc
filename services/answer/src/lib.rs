//! The answer service: models answer questions.

pub mod context;
pub mod models;
pub mod provider;
