//! The body of a request, as hyper sends it.

use actix_web::web::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A body that is read while it is sent.
pub(crate) type BoxedBody = Pin<Box<dyn Body<Data = Bytes, Error = Box<dyn Error + Send + Sync>>>>;

/// The body of a request to a replica; most have none.
pub(crate) struct OutgoingBody(pub(crate) Option<BoxedBody>);

impl Body for OutgoingBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut self.0 {
            Some(body) => body.as_mut().poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
