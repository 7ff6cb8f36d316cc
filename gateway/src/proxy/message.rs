//! A request to a service, and its answer.

use super::body_sender::BodySender;
use crate::routing::class::RequestClass;
use crate::upstream::pool::PooledConnection;
use actix_web::HttpResponse;

/// A request without its body.
pub(crate) struct UpstreamRequest {
    /// Its head, to the empty line.
    pub(crate) head: Vec<u8>,
    /// Whether it is HEAD, whose answer has no body.
    pub(crate) is_head: bool,
    /// Whether it may be sent to a second replica when a first has perhaps carried it out.
    pub(crate) may_repeat: bool,
    /// What it counts as among those that a replica has at once.
    pub(crate) kind: RequestClass,
}

/// What a service answers: the head, a body that is still to come, and the connection on which it comes. Of the request's
/// body some may still be to be sent.
pub(crate) struct UpstreamResponse {
    pub(crate) head: HttpResponse,
    pub(crate) upload: BodySender,
    pub(crate) lease: PooledConnection,
}
