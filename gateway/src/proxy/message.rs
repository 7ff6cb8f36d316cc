//! A request to a service, and its response.

use super::request_head::RequestHead;
use crate::concurrency::stream_limiter::StreamPermit;
use crate::routing::class::RequestClass;
use crate::upstream::connection::IncomingResponse;
use crate::upstream::pool::PooledConnection;

/// A request without its body.
pub(crate) struct UpstreamRequest {
    pub(crate) head: RequestHead,
    /// Whether it may be sent to a second replica when a first has perhaps carried it out.
    pub(crate) is_retryable: bool,
    /// Which concurrency limit it counts against.
    pub(crate) class: RequestClass,
}

/// A response, and the connection on which its body comes, and the rest of the request's body is sent.
pub(crate) struct UpstreamResponse {
    pub(crate) incoming: IncomingResponse,
    pub(crate) connection: PooledConnection,
    /// Held until the end of the body, where it may be a stream and the number of streams is limited.
    pub(crate) stream_permit: Option<StreamPermit>,
}
