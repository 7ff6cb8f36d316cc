//! What more than one part of Banyan needs, and nothing else: configuration, the server, errors, the reading of requests,
//! identity, ids and times, pages, idempotency, and, behind the feature `store`, SQL stores and the outbox.

pub mod check;
pub mod client;
pub mod client_network;
pub mod clock;
pub mod config;
pub mod context;
pub mod created;
pub mod error;
pub mod http_client;
pub mod idempotency;
pub mod identity;
pub mod ids;
pub mod input;
pub mod metrics;
pub mod openapi;
pub mod page;
pub mod pool_state;
pub mod problem;
pub mod rate_limit;
pub mod server;
pub mod service;
#[cfg(feature = "store")]
pub mod store;
pub mod telemetry;
#[cfg(feature = "test-kit")]
pub mod test_kit;
pub mod traces;
pub mod username;
