//! The gateway: the one entry to Banyan. It verifies tokens, enforces limits, and proxies requests to the services. It knows no
//! database.
//!
//! `pipeline` tells a request's way. `downstream` is the side of the clients and `upstream` that of the services; `proxy` passes
//! requests and responses between them. `routing` has the route table, `rate_limit` and `concurrency` the limits, `openapi` the
//! merged document, `endpoints` the gateway's own, `ui` the page and `session` its sign-in.
//!
//! Imports run one way: routing, timeouts; error; concurrency, `request_context`; downstream, upstream, openapi; `rate_limit`, proxy,
//! endpoints, session; pipeline, ui, config; startup; main.

pub mod cli;
mod concurrency;
pub mod config;
mod downstream;
mod endpoints;
mod error;
mod log_target;
mod openapi;
mod pipeline;
mod proxy;
mod rate_limit;
mod request_context;
mod routing;
mod session;
pub mod startup;
mod timeouts;
mod token_cache;
mod ui;
mod upstream;

pub use routing::class::RequestClass;
pub use routing::table::{Access, Policy, policy};
pub use routing::upstream::Upstream;
