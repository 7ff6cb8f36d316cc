//! Bounds of a request's body: size, transfer rate, memory.

use shared_web::body_limits::{MemoryBudget, MinRate, OutOfMemory, Reservation};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The bounds of a body.
pub(crate) struct BodyBounds<'a> {
    pub(crate) max_bytes: usize,
    pub(crate) min_rate: MinRate,
    /// The budget from which the memory of the body is reserved.
    pub(crate) memory: &'a MemoryBudget,
}

/// The memory that is reserved for a body, which grows with it.
pub(super) enum BodyMemory {
    Held(Reservation),
    Awaited(Pin<Box<dyn Future<Output = Result<Reservation, OutOfMemory>>>>),
    Denied(OutOfMemory),
}

impl BodyMemory {
    /// Waits until this many bytes are reserved.
    pub(super) fn poll_grow_to(
        &mut self,
        bytes: usize,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), OutOfMemory>> {
        loop {
            *self = match self {
                Self::Held(held) => {
                    if held.try_grow_to(bytes).is_ok() {
                        return Poll::Ready(Ok(()));
                    }
                    let mut held = held.take();
                    Self::Awaited(Box::pin(async move { held.grow_to(bytes).await.map(|()| held) }))
                }
                Self::Awaited(awaited) => match ready!(awaited.as_mut().poll(context)) {
                    Ok(held) => Self::Held(held),
                    Err(error) => Self::Denied(error),
                },
                Self::Denied(error) => return Poll::Ready(Err(*error)),
            }
        }
    }
}
