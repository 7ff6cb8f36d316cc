//! The gateway: the one door of Banyan. It checks tokens, bounds what comes in, and passes requests on to the service
//! that they are for; it knows no database.
//!
//! `pipeline` is the way of a request, phase by phase. `downstream` is the side of its clients, `upstream` that of the services,
//! `proxy` passes a request from one to the other; `http1` speaks with services. `rate_limit` and `concurrency` say how many
//! requests are taken, `routing` whose they are. `routes` holds what the gateway answers itself.

pub mod cli;
mod concurrency;
pub mod config;
mod downstream;
mod error;
mod http1;
mod log_target;
mod openapi;
mod pipeline;
mod proxy;
mod rate_limit;
mod request_context;
mod routes;
mod routing;
pub mod startup;
mod timeouts;
mod upstream;

pub use routing::upstream::Upstream;
