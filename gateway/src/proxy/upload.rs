//! A request's body on its way up: from the worker's thread, which alone may read it, to the connection's task.

use super::headers::BodyLength;
use crate::error::Error;
use actix_web::rt;
use actix_web::web::{Bytes, Payload};
use futures_util::StreamExt as _;
use hyper::body::{Body, Frame, SizeHint};
use shared::input::MAX_BODY_BYTES;
use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How many pieces may wait for the service; with them full, the client is not read from.
const PIECES: usize = 4;

/// Up to so many bytes of a body are kept to be sent again. A message that a person writes is smaller.
const KEPT: usize = 0x1_0000;

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
    source: Option<Rc<RefCell<Source>>>,
    length: BodyLength,
    may_repeat: bool,
    /// How far it has come.
    pub(super) progress: Rc<Progress>,
}

impl Upload {
    /// Begins to read a body, unless it is announced as too large. It is kept if the request may be sent again.
    pub(super) fn new(offered: &Offered, length: BodyLength, may_repeat: bool) -> Result<Self, Error> {
        let progress = Rc::new(Progress::new());
        if length == BodyLength::Known(0) {
            return Ok(Self { source: None, length, may_repeat, progress });
        }
        if matches!(length, BodyLength::Known(length) if length > limit()) {
            return Err(Error::BodyTooLarge);
        }
        let (sender, pieces) = mpsc::channel(PIECES);
        rt::spawn(pump(offered.clone(), sender, Rc::clone(&progress)));
        let source = Source { pieces, kept: may_repeat.then(Kept::default), reader: 0 };
        Ok(Self { source: Some(Rc::new(RefCell::new(source))), length, may_repeat, progress })
    }

    /// What a connection sends, from the beginning. One that was made before is at its end.
    pub(super) fn body(&self) -> UploadBody {
        let reader = self.source.as_ref().map_or(0, |source| source.borrow_mut().next_reader());
        let left = match self.length {
            BodyLength::Known(length) => Some(length),
            BodyLength::Unknown => None,
        };
        UploadBody { source: self.source.clone(), reader, next: 0, left }
    }

    /// How far the body has come, where there is one.
    pub(super) fn progress_of_body(&self) -> Option<&Progress> {
        self.source.is_some().then_some(&*self.progress)
    }

    /// Whether the request may be sent again, and its body can be.
    pub(super) fn can_repeat(&self) -> bool {
        self.may_repeat && self.source.as_ref().is_none_or(|source| source.borrow().kept.is_some())
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
    is_complete: Cell<bool>,
}

impl Progress {
    fn new() -> Self {
        Self {
            waiting: Cell::new((Waiting::ForService, Instant::now())),
            stop: Cell::new(None),
            is_complete: Cell::new(false),
        }
    }

    /// Whom it waits for, and since when.
    pub(super) fn waiting(&self) -> (Waiting, Instant) {
        self.waiting.get()
    }

    /// Why it ended early.
    pub(super) fn stop(&self) -> Option<Stop> {
        self.stop.get()
    }

    /// Whether all of it has come from the client.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete.get()
    }

    fn wait(&self, whom: Waiting) {
        self.waiting.set((whom, Instant::now()));
    }
}

/// The end is said aloud, so that a channel that closes without it is never taken for a complete body.
#[derive(Clone)]
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
        progress.is_complete.set(is_last);
        // An error says that the service has answered without reading on.
        if sender.send(piece).await.is_err() || is_last {
            return;
        }
    }
}

/// What of a body has come from the client.
struct Source {
    pieces: mpsc::Receiver<Piece>,
    /// All pieces so far; `None` where they are not wanted, or too many.
    kept: Option<Kept>,
    /// The one that may read. Of a connection that has failed, the body may still be there.
    reader: u32,
}

#[derive(Default)]
struct Kept {
    pieces: Vec<Piece>,
    bytes: usize,
}

impl Source {
    fn next_reader(&mut self) -> u32 {
        self.reader += 1;
        self.reader
    }

    fn poll_piece(&mut self, reader: u32, index: usize, context: &mut Context<'_>) -> Poll<Option<Piece>> {
        if reader != self.reader {
            return Poll::Ready(None);
        }
        if let Some(piece) = self.kept.as_ref().and_then(|kept| kept.pieces.get(index)) {
            return Poll::Ready(Some(piece.clone()));
        }
        let piece = ready!(self.pieces.poll_recv(context));
        if let Some(piece) = &piece {
            self.kept = self.kept.take().and_then(|kept| kept.with(piece));
        }
        Poll::Ready(piece)
    }
}

impl Kept {
    fn with(mut self, piece: &Piece) -> Option<Self> {
        if let Piece::Bytes(bytes) = piece {
            self.bytes += bytes.len();
        }
        self.pieces.push(piece.clone());
        (self.bytes <= KEPT).then_some(self)
    }
}

/// A body as one connection sends it.
pub(super) struct UploadBody {
    source: Option<Rc<RefCell<Source>>>,
    reader: u32,
    next: usize,
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
        let Some(source) = &this.source else {
            return Poll::Ready(None);
        };
        let piece = ready!(source.borrow_mut().poll_piece(this.reader, this.next, context));
        this.next += 1;
        match piece {
            Some(Piece::Bytes(bytes)) => {
                let sent = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                this.left = this.left.map(|left| left.saturating_sub(sent));
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Some(Piece::End) => {
                this.source = None;
                Poll::Ready(None)
            }
            None => Poll::Ready(Some(Err(Incomplete))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.source.is_none() || self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
