//! The gateway: the one door of Banyan. It checks tokens, bounds what comes in, and passes requests on to the service
//! that they are for; it knows no database.
//!
//! `edge` stands before all routes; `proxy` is the way of a request through it, phase by phase; `limits` says how
//! many requests are taken; `fleet` knows the replicas of the services, and `http1` speaks with them; `routes` holds what
//! it answers itself.

pub mod cli;
pub mod config;
mod edge;
mod error;
mod fleet;
mod http1;
mod limits;
mod openapi;
mod patience;
mod proxy;
mod readiness;
mod routes;
pub mod startup;

pub use proxy::Upstream;
