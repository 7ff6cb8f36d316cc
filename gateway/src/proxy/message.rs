//! A request to a service, and its response.

use super::body_sender::BodySender;
use crate::routing::class::RequestClass;
use crate::upstream::pool::PooledConnection;
use actix_web::HttpResponse;

/// A request without its body.
pub(crate) struct UpstreamRequest {
    /// The bytes of its head, with the empty line.
    pub(crate) head: Vec<u8>,
    /// Whether the method is HEAD, whose response has no body.
    pub(crate) is_head: bool,
    /// Whether it may be sent to a second replica when a first has perhaps carried it out.
    pub(crate) may_repeat: bool,
    /// Which concurrency limit it counts against.
    pub(crate) class: RequestClass,
}

/// A response: its head, and the connection on which its body comes.
pub(crate) struct UpstreamResponse {
    pub(crate) head: HttpResponse,
    /// The rest of the request's body, which may still be to be sent.
    pub(crate) body_sender: BodySender,
    pub(crate) connection: PooledConnection,
}
