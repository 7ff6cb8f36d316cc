//! Receiving a body within its limits: its size, the memory of all bodies, the minimum rate.

use crate::body_limits::{BodyLimits, CHUNK_QUEUE_BYTES, Reservation};
use crate::input::errors::{body_broken, body_too_slow, payload_too_large};
use crate::problem::Problem;
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use tokio::time::timeout_at;

/// The size of a block of a body. Blocks have one size, so that the allocator reuses them for the next body.
const BLOCK_BYTES: usize = 64 << 10;

/// A received body with its reserved memory.
pub(super) struct Received {
    pub(super) blocks: Blocks,
    pub(super) memory: Reservation,
}

/// A body in blocks.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    full: Vec<BytesMut>,
    last: BytesMut,
}

impl Blocks {
    /// The number of bytes.
    pub(super) fn len(&self) -> usize {
        self.full.len() * BLOCK_BYTES + self.last.len()
    }

    fn push(&mut self, mut piece: Bytes) {
        while !piece.is_empty() {
            let free_bytes = BLOCK_BYTES - self.last.len();
            self.last.extend_from_slice(&piece.split_to(piece.len().min(free_bytes)));
            if self.last.len() == BLOCK_BYTES {
                self.full.push(std::mem::replace(&mut self.last, BytesMut::with_capacity(BLOCK_BYTES)));
            }
        }
    }

    /// The body in one piece. Each block is freed once it is copied.
    pub(super) fn join(self) -> BytesMut {
        if self.full.is_empty() {
            return self.last;
        }
        let mut joined = BytesMut::with_capacity(self.len());
        self.full.into_iter().for_each(|block| joined.extend_from_slice(&block));
        joined.extend_from_slice(&self.last);
        joined
    }
}

/// Reads a body up to the limit, and keeps it if it `is_wanted`. A body that is announced as larger is refused before it is read. An
/// unwanted body is read as well, because a handler must not run before the body is known to be within the limit.
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
    let is_chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    let queue = if is_chunked { CHUNK_QUEUE_BYTES } else { 0 };
    let mut memory = limits.memory.reserve(queue).await?;
    let mut blocks = Blocks::default();
    if is_wanted {
        blocks.last.reserve(announced.min(BLOCK_BYTES));
    }
    let mut length = 0;
    let mut deadline = limits.min_rate.begin();
    loop {
        let piece = timeout_at(deadline.at(), payload.next()).await.map_err(|_| body_too_slow())?;
        let Some(piece) = piece else { return Ok(Received { blocks, memory }) };
        let piece = piece.map_err(|_| body_broken())?;
        deadline.record_progress(piece.len());
        length += piece.len();
        if length > limits.max_bytes {
            return Err(payload_too_large(limits.max_bytes));
        }
        if is_wanted {
            memory.grow_to(queue + length).await?;
            blocks.push(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_joined_to_the_body_as_it_came() {
        for pieces in
            [vec![0], vec![1, 0, 2], vec![BLOCK_BYTES], vec![BLOCK_BYTES - 1, 2, 3 * BLOCK_BYTES, 7]]
        {
            let (mut blocks, mut whole) = (Blocks::default(), Vec::new());
            for length in pieces {
                let piece: Vec<u8> =
                    (whole.len()..whole.len() + length).map(|n| n.to_le_bytes()[0]).collect();
                whole.extend_from_slice(&piece);
                blocks.push(piece.into());
                assert_eq!(blocks.len(), whole.len());
            }
            assert_eq!(blocks.join(), whole);
        }
    }
}
