//! A request's body on its way up: from the worker's thread, which alone may read it, to the connection's task.

use super::headers::BodyLength;
use crate::error::Error;
use actix_web::rt;
use actix_web::web::{Bytes, Payload};
use futures_util::StreamExt as _;
use hyper::body::{Body, Frame, SizeHint};
use shared::input::MAX_BODY_BYTES;
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How many pieces may wait for the service; with them full, the client is not read from.
const PIECES: usize = 4;

/// A body that a client offers, while it is not being read.
#[derive(Clone)]
pub(super) struct Offered(Rc<Cell<Option<Payload>>>);

impl Offered {
    /// The body of a request.
    pub(super) fn new(payload: Payload) -> Self {
        Self(Rc::new(Cell::new(Some(payload))))
    }

    /// Lets it go once the answer was written, which the server does before any other task runs.
    ///
    /// With a body that was not read to its end then, the server closes the connection in good order and in bounded time.
    /// One of unknown length that was let go before, it would read to the end, however far that is.
    pub(super) fn release(self) {
        rt::spawn(async move { drop(self) });
    }
}

/// A body that is being passed on.
pub(super) struct Upload {
    /// What the connection sends.
    pub(super) body: UploadBody,
    /// How far it has come.
    pub(super) progress: Rc<Progress>,
}

impl Upload {
    /// Begins to read a body, unless it is announced as too large.
    pub(super) fn new(offered: &Offered, length: BodyLength) -> Result<Self, Error> {
        let progress = Rc::new(Progress::new());
        if length == BodyLength::Known(0) {
            return Ok(Self { body: UploadBody { pieces: None, left: Some(0) }, progress });
        }
        let left = match length {
            BodyLength::Known(length) if length > limit() => return Err(Error::BodyTooLarge),
            BodyLength::Known(length) => Some(length),
            BodyLength::Unknown => None,
        };
        let (sender, pieces) = mpsc::channel(PIECES);
        rt::spawn(pump(offered.clone(), sender, Rc::clone(&progress)));
        Ok(Self { body: UploadBody { pieces: Some(pieces), left }, progress })
    }
}

fn limit() -> u64 {
    u64::try_from(MAX_BODY_BYTES).unwrap_or(u64::MAX)
}

/// Whom a body waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    /// To send the next piece.
    ForClient,
    /// To take the next piece, or to answer.
    ForService,
}

/// Why a body ended before it was complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// It is over the limit.
    TooLarge,
    /// The client has broken it off.
    ByClient,
}

/// How far a body has come, for who waits for the answer.
#[derive(Debug)]
pub(super) struct Progress {
    waiting: Cell<(Waiting, Instant)>,
    stop: Cell<Option<Stop>>,
}

impl Progress {
    fn new() -> Self {
        Self { waiting: Cell::new((Waiting::ForService, Instant::now())), stop: Cell::new(None) }
    }

    /// Whom it waits for, and since when.
    pub(super) fn waiting(&self) -> (Waiting, Instant) {
        self.waiting.get()
    }

    /// Why it ended early.
    pub(super) fn stop(&self) -> Option<Stop> {
        self.stop.get()
    }

    fn wait(&self, whom: Waiting) {
        self.waiting.set((whom, Instant::now()));
    }
}

/// The end is said aloud, so that a channel that closes without it is never taken for a complete body.
enum Piece {
    Bytes(Bytes),
    End,
}

async fn pump(offered: Offered, sender: mpsc::Sender<Piece>, progress: Rc<Progress>) {
    let Some(mut payload) = offered.0.take() else {
        return;
    };
    let mut length = 0;
    loop {
        progress.wait(Waiting::ForClient);
        let piece = match payload.next().await {
            Some(Ok(bytes)) => {
                length += bytes.len();
                if length > MAX_BODY_BYTES {
                    progress.stop.set(Some(Stop::TooLarge));
                    offered.0.set(Some(payload));
                    return;
                }
                Piece::Bytes(bytes)
            }
            Some(Err(_)) => {
                progress.stop.set(Some(Stop::ByClient));
                return;
            }
            None => Piece::End,
        };
        progress.wait(Waiting::ForService);
        let is_last = matches!(piece, Piece::End);
        // An error says that the service has answered without reading on.
        if sender.send(piece).await.is_err() || is_last {
            return;
        }
    }
}

/// The end of the channel that the connection reads.
pub(super) struct UploadBody {
    pieces: Option<mpsc::Receiver<Piece>>,
    left: Option<u64>,
}

/// The body ended before it was complete, so the connection must break.
#[derive(Debug, thiserror::Error)]
#[error("the body ended too early")]
pub(super) struct Incomplete;

impl Body for UploadBody {
    type Data = Bytes;
    type Error = Incomplete;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Incomplete>>> {
        let this = self.get_mut();
        let Some(pieces) = &mut this.pieces else {
            return Poll::Ready(None);
        };
        match ready!(pieces.poll_recv(context)) {
            Some(Piece::Bytes(bytes)) => {
                let sent = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                this.left = this.left.map(|left| left.saturating_sub(sent));
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Some(Piece::End) => {
                this.pieces = None;
                Poll::Ready(None)
            }
            None => Poll::Ready(Some(Err(Incomplete))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_none() || self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
