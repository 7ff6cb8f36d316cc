//! The answer service: models answer questions, and what they answer is streamed, resumed, stopped and stored.

/// Implements `Debug` with these fields alone: questions and answers go into no log, and what derives it shows all.
macro_rules! debug_without_texts {
    ($($name:ident { $($field:ident),+ })+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    $(.field(stringify!($field), &self.$field))+
                    .finish_non_exhaustive()
            }
        }
    )+};
}

mod byte_size;
pub mod cli;
mod clients;
pub mod config;
pub mod context;
pub mod domain;
mod duration_histogram;
pub mod error;
mod executor;
pub mod keyring;
mod metrics;
pub mod models;
mod problem;
pub mod provider;
pub mod routes;
pub mod startup;
mod state;
pub mod store;
mod streams;
