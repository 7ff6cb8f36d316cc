//! What a server of Banyan is made of: the HTTP server, errors, the reading of requests, identity, pages, logs, spans and
//! metrics.

pub mod body_limits;
pub mod caller;
pub mod check;
pub mod client_network;
pub mod context;
pub mod idempotency;
pub mod input;
pub mod metrics;
pub mod openapi;
pub mod page;
pub mod problem;
pub mod server;
pub mod service_client;
pub mod spans;
pub mod telemetry;
pub mod timeouts;
pub mod tokens;
