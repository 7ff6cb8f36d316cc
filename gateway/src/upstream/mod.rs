//! The side of the services: discovery of their replicas, health checks, outlier ejection, load balancing, connections.
//!
//! All workers share what is known of replicas. Connections belong to one worker: see [`pool`].

pub(crate) mod balancer;
pub(crate) mod cluster;
pub(crate) mod clusters;
pub(crate) mod connect;
pub(crate) mod connection;
pub(crate) mod dns;
mod health_check;
mod metrics;
pub(crate) mod origin;
pub(crate) mod outgoing;
pub(crate) mod outlier;
pub(crate) mod pool;
pub(crate) mod replica;
pub(crate) mod response_error;
mod response_framing;
mod retry_budget;
pub(crate) mod stream;
