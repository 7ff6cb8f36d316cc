//! The context of a server, which each of its requests can use.

use crate::body_limits::BodyLimits;
use crate::metrics::Metrics;
use crate::spans::Traces;
use crate::timeouts::ServerTimeouts;
use crate::tokens::TokenKeys;
use shared::service::Service;

/// The context of a server; set up as `Data<Context>`.
#[derive(Debug, Clone)]
pub struct Context {
    /// The service.
    pub service: Service,
    /// The keys of its tokens.
    pub keys: TokenKeys,
    /// The metrics of its requests.
    pub metrics: Metrics,
    /// The recorder of their spans.
    pub traces: Traces,
    /// The time-outs.
    pub times: ServerTimeouts,
    /// The maximum of connections of all workers together: see [`DescriptorUse`](crate::server::DescriptorUse).
    pub max_connections: usize,
    /// The limits of bodies.
    pub bodies: BodyLimits,
}
