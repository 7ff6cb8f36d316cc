//! What every request of a service can rely on.

use crate::body_limits::BodyLimits;
use crate::metrics::Metrics;
use crate::spans::Traces;
use crate::timeouts::ServerTimeouts;
use crate::tokens::TokenKeys;
use shared::service::Service;

/// What every request of a service can rely on.
#[derive(Debug, Clone)]
pub struct Context {
    /// Which service this is.
    pub service: Service,
    /// The keys of its tokens.
    pub keys: TokenKeys,
    /// Where its requests are counted.
    pub metrics: Metrics,
    /// Where their spans go.
    pub traces: Traces,
    /// How long it waits for what.
    pub times: ServerTimeouts,
    /// How many connections it takes at once, of all its workers together: see [`DescriptorUse`].
    pub max_connections: usize,
    /// What the bodies of requests and answers may cost.
    pub bodies: BodyLimits,
}
