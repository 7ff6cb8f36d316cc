//! The side of the services: where their replicas are, which of them are well, and which one a request goes to.
//!
//! All workers share what is known of replicas. Connections are the workers' own: see [`pool`].

pub(crate) mod balancer;
pub(crate) mod cluster;
pub(crate) mod clusters;
pub(crate) mod connect;
pub(crate) mod dns;
mod health_check;
mod metrics;
pub(crate) mod origin;
pub(crate) mod outlier;
pub(crate) mod pool;
pub(crate) mod replica;
mod retry_budget;
