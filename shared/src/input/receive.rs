//! How a body comes: within its size, within the memory of all bodies, and not too slowly.

use super::{body_too_slow, invalid, payload_too_large};
use crate::problem::Problem;
use crate::server::{BodyLimits, Reservation};
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header;
use futures_util::StreamExt as _;
use tokio::time::timeout_at;

/// A body that has come, with its memory.
pub(super) struct Received {
    pub(super) bytes: Vec<u8>,
    pub(super) memory: Reservation,
}

/// Reads a body up to the limit, and keeps it where it is wanted. One that is announced as larger is refused before it
/// is read. One that nobody wants is read as well: nothing is done before it is known to be within the limit.
pub(super) async fn receive(
    request: &HttpRequest,
    mut payload: Payload,
    is_wanted: bool,
    limits: &BodyLimits,
) -> Result<Received, Problem> {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<usize>().ok()).unwrap_or(0);
    if announced > limits.max_bytes {
        return Err(payload_too_large(limits.max_bytes));
    }
    let mut memory = limits.memory.reservation();
    // The kernel gives a page of it when it is first written to.
    let mut bytes = Vec::with_capacity(if is_wanted { announced } else { 0 });
    let mut length = 0;
    let mut deadline = limits.min_rate.begin();
    loop {
        let piece = timeout_at(deadline.at(), payload.next()).await.map_err(|_| body_too_slow())?;
        let Some(piece) = piece else { return Ok(Received { bytes, memory }) };
        let piece = piece.map_err(|_| invalid(&["body"], "json_invalid", "The body ended too early"))?;
        deadline.moved(piece.len());
        length += piece.len();
        if length > limits.max_bytes {
            return Err(payload_too_large(limits.max_bytes));
        }
        if is_wanted {
            memory.grow_to(length).await?;
            bytes.extend_from_slice(&piece);
        }
    }
}
