//! Reverse proxy: passes a request on to a replica, streams both bodies, and retries where that is safe.

mod attempt;
pub(crate) mod body_bounds;
mod body_error;
pub(crate) mod body_refusal;
pub(crate) mod body_sender;
mod event_stream;
pub(crate) mod forward;
mod forwarded_headers;
pub(crate) mod headers;
pub(crate) mod message;
mod replay_buffer;
pub(crate) mod request_body;
mod request_head;
pub(crate) mod response_body;
mod streamed_body;
pub(crate) mod telemetry;
