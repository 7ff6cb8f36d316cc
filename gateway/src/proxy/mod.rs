//! Passes a request on to a service, and the answer back.

mod attempt;
pub(crate) mod body_bounds;
pub(crate) mod body_error;
pub(crate) mod body_refusal;
pub(crate) mod body_sender;
pub(crate) mod forward;
mod forwarding;
pub(crate) mod headers;
pub(crate) mod message;
mod replay_buffer;
pub(crate) mod request_body;
pub(crate) mod response_body;
pub(crate) mod telemetry;
pub(crate) mod token_cache;
