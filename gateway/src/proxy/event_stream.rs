//! A stream of server-sent events on its way to the client: it ends with the gateway, and at its time limit.
//!
//! It ends between two events, with a comment, as a complete body. So the client has lost nothing, and resumes by
//! `Last-Event-ID`, at another gateway if this one stops.

use crate::concurrency::stream_limiter::StreamPermit;
use crate::rate_limit::user_streams::UserStreamPermit;
use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// The comment at the end of a stream when the gateway stops.
const STOPPING: &[u8] = b": the server is stopping\n\n";
/// The comment at the end of a stream that has lasted for `STREAM_MAX`.
const LASTED: &[u8] = b": the stream has lasted for its longest time\n\n";

/// The empty line at the end of an event.
const EVENT_ENDS: [&[u8]; 3] = [b"\n\n", b"\r\r", b"\r\n\r\n"];
/// The length of the longest of them.
const TAIL_BYTES: usize = 4;

type StreamPermits = (Option<StreamPermit>, Option<UserStreamPermit>);

/// The limits of a stream.
pub(super) struct StreamLimits {
    /// When the gateway stops.
    pub(super) draining: CancellationToken,
    /// How long the stream may last.
    pub(super) max: Duration,
    /// Whether the first event is passed on even while the gateway stops: it names what the request has made.
    pub(super) has_first_event: bool,
    /// Of the streams of the replica, and of the user, held until the end; `None` where their number is not limited.
    pub(super) permits: StreamPermits,
}

/// A stream of events.
pub(super) struct EventStream<B> {
    /// `None` once it has ended.
    body: Option<(B, StreamPermits)>,
    draining: Pin<Box<WaitForCancellationFutureOwned>>,
    timer: Pin<Box<Sleep>>,
    is_between_events: bool,
    /// The last bytes that were passed on.
    tail: Vec<u8>,
}

impl<B> EventStream<B> {
    pub(super) fn new(body: B, limits: StreamLimits) -> Self {
        Self {
            body: Some((body, limits.permits)),
            draining: Box::pin(limits.draining.cancelled_owned()),
            timer: Box::pin(sleep(limits.max)),
            is_between_events: !limits.has_first_event,
            tail: Vec::new(),
        }
    }

    /// The comment with which the stream ends now, if it does.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<&'static [u8]> {
        let is_stopping = self.draining.as_mut().poll(context).is_ready();
        let has_lasted = self.timer.as_mut().poll(context).is_ready();
        match (self.is_between_events, is_stopping, has_lasted) {
            (true, true, _) => Poll::Ready(STOPPING),
            (true, false, true) => Poll::Ready(LASTED),
            _ => Poll::Pending,
        }
    }

    fn record(&mut self, piece: &[u8]) {
        self.tail.extend_from_slice(piece.get(piece.len().saturating_sub(TAIL_BYTES)..).unwrap_or(piece));
        self.tail.drain(..self.tail.len().saturating_sub(TAIL_BYTES));
        self.is_between_events = EVENT_ENDS.iter().any(|end| self.tail.ends_with(end));
    }
}

impl<B: MessageBody<Error = Box<dyn Error>> + Unpin> MessageBody for EventStream<B> {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Box<dyn Error>>>> {
        let this = self.get_mut();
        if this.body.is_some()
            && let Poll::Ready(comment) = this.poll_end(context)
        {
            this.body = None;
            return Poll::Ready(Some(Ok(Bytes::from_static(comment))));
        }
        let Some((body, _)) = &mut this.body else { return Poll::Ready(None) };
        let piece = ready!(Pin::new(body).poll_next(context));
        match &piece {
            Some(Ok(piece)) => this.record(piece),
            Some(Err(_)) | None => this.body = None,
        }
        Poll::Ready(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::task::noop_waker;
    use std::collections::VecDeque;

    /// A body that yields these pieces, and then waits.
    struct Pieces(VecDeque<&'static str>);

    impl MessageBody for Pieces {
        type Error = Box<dyn Error>;

        fn size(&self) -> BodySize {
            BodySize::Stream
        }

        fn poll_next(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Bytes, Box<dyn Error>>>> {
            let piece = self.get_mut().0.pop_front();
            piece.map_or(Poll::Pending, |piece| Poll::Ready(Some(Ok(Bytes::from_static(piece.as_bytes())))))
        }
    }

    /// What is left of a stream that was told to stop after this many pieces; `None` at the end if it waits.
    fn rest(pieces: &[&'static str], has_first_event: bool, before: usize) -> Vec<Option<String>> {
        let (draining, max) = (CancellationToken::new(), Duration::from_secs(600));
        let limits = StreamLimits { draining: draining.clone(), max, has_first_event, permits: (None, None) };
        let mut stream = EventStream::new(Pieces(pieces.iter().copied().collect()), limits);
        let waker = noop_waker();
        let mut next = || match Pin::new(&mut stream).poll_next(&mut Context::from_waker(&waker)) {
            Poll::Ready(Some(piece)) => Some(Some(String::from_utf8(piece.unwrap().to_vec()).unwrap())),
            Poll::Ready(None) => None,
            Poll::Pending => Some(None),
        };
        assert!((0..before).all(|_| next().is_some()));
        draining.cancel();
        let mut rest = Vec::new();
        while let Some(piece) = next() {
            rest.push(piece.clone());
            if piece.is_none() {
                break;
            }
        }
        rest
    }

    fn texts(texts: &[&str]) -> Vec<Option<String>> {
        texts.iter().map(|&text| Some(text.to_owned())).collect()
    }

    const COMMENT: &str = ": the server is stopping\n\n";

    #[tokio::test]
    async fn a_stream_that_is_told_to_stop_ends_between_two_events() {
        assert_eq!(rest(&["data: 1\n\n", "data: 2\n\n"], false, 1), texts(&[COMMENT]));
        assert_eq!(rest(&["data: 1\n", "\n", "more"], false, 1), texts(&["\n", COMMENT]));
        assert_eq!(rest(&["data: 1\r\n\r", "\n", "more"], false, 1), texts(&["\n", COMMENT]));
        assert_eq!(rest(&["data: 1\r", "\r", "more"], false, 1), texts(&["\r", COMMENT]));
        assert_eq!(rest(&["data: 1"], false, 1), [None], "the event has not ended");
    }

    #[tokio::test]
    async fn the_first_event_of_a_request_that_makes_something_is_passed_on() {
        assert_eq!(rest(&["data: 1\n\n", "data: 2\n\n"], false, 0), texts(&[COMMENT]));
        assert_eq!(rest(&["data: 1\n\n", "data: 2\n\n"], true, 0), texts(&["data: 1\n\n", COMMENT]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_at_its_time_limit() {
        let limits = StreamLimits {
            draining: CancellationToken::new(),
            max: Duration::from_secs(600),
            has_first_event: false,
            permits: (None, None),
        };
        let mut stream = EventStream::new(Pieces(VecDeque::new()), limits);
        let begun = tokio::time::Instant::now();
        let mut next =
            async || std::future::poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await;

        assert_eq!(next().await.unwrap().unwrap(), Bytes::from_static(LASTED));
        assert_eq!(begun.elapsed().as_secs(), 600);
        assert!(next().await.is_none());
    }
}
