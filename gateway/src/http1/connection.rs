//! A connection to a service: one request at a time.

use super::body::Body;
use super::error::broken;
use super::field::Field;
use super::head::{Head, parse};
use super::stream::Stream;
use actix_web::http::StatusCode;
use actix_web::web::{Buf as _, Bytes, BytesMut};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::time::{Instant, Sleep, sleep_until};

/// How much is read at once of a head, and of the body that comes with it.
const HEAD_PIECE: usize = 0x2000;
/// How much is read at once of a body.
const BODY_PIECE: usize = 0x1_0000;
/// Up to so many bytes, a body that has come with its head is passed on in one piece.
const SMALL: u64 = 0x4000;
/// How many heads may come before that of the answer.
const MOST_INTERIM: u32 = 16;

/// A connection, and what of a request and its answer is on its way.
pub(crate) struct Connection {
    stream: Stream,
    input: BytesMut,
    output: Vec<u8>,
    /// How many bytes of `output` were taken.
    written: usize,
    /// Whether a byte of the request was taken.
    has_begun: bool,
    interim: u32,
    announced: Option<u64>,
    body: Body,
    is_last: bool,
    /// Kept from one request to the next, as resetting a timer costs less than making one.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Connection {
    /// A connection on which nothing was said yet.
    pub(crate) fn new(stream: Stream) -> Self {
        Self {
            stream,
            input: BytesMut::new(),
            output: Vec::new(),
            written: 0,
            has_begun: false,
            interim: 0,
            announced: None,
            body: Body::NONE,
            is_last: false,
            timer: None,
        }
    }

    /// Whether nothing has come since the last response. Bytes that come unasked would be taken for the next response.
    pub(crate) fn is_idle(&mut self) -> bool {
        self.stream.is_idle()
    }

    /// Begins a request with these bytes.
    pub(crate) fn begin(&mut self, request: &[u8]) {
        self.output.clear();
        self.output.extend_from_slice(request);
        (self.written, self.has_begun, self.interim) = (0, false, 0);
    }

    /// What is to be written, for more of the request.
    pub(crate) fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// Whether a byte of the request was taken, so that it has perhaps arrived.
    pub(crate) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Writes what is to be written.
    pub(crate) fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest @ [_, ..]) = self.output.get(self.written..) {
            let taken = ready!(self.stream.poll_write(context, rest))?;
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += taken;
            self.has_begun = true;
        }
        self.output.clear();
        self.written = 0;
        self.stream.poll_flush(context)
    }

    /// Reads the head of the answer, passing interim ones by. `to_head` says that HEAD was asked.
    pub(crate) fn poll_head<T>(
        &mut self,
        context: &mut Context<'_>,
        to_head: bool,
        read: impl Fn(StatusCode, &[Field<'_>]) -> T,
    ) -> Poll<io::Result<T>> {
        loop {
            match parse(&self.input, to_head, &read)? {
                Some(Head::Final { length, head, announced, body, is_last }) => {
                    self.input.advance(length);
                    (self.announced, self.body, self.is_last) = (announced, body, is_last);
                    return Poll::Ready(Ok(head));
                }
                Some(Head::Interim { length }) => {
                    self.input.advance(length);
                    self.interim += 1;
                    if self.interim > MOST_INTERIM {
                        return Poll::Ready(Err(broken("the service only says that it will answer")));
                    }
                }
                None => {
                    self.input.reserve(HEAD_PIECE);
                    if ready!(self.stream.poll_read(context, &mut self.input))? == 0 {
                        let why = "the connection ended without an answer";
                        return Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, why)));
                    }
                }
            }
        }
    }

    /// All of the body, if it is small and has come with the head.
    pub(crate) fn take_small_body(&mut self) -> Option<Bytes> {
        let Body::Known(length) = self.body else { return None };
        let length = usize::try_from(length).ok().filter(|_| length <= SMALL)?;
        // A copy, so that the buffer stays with the connection.
        let body = Bytes::copy_from_slice(self.input.get(..length)?);
        self.input.advance(length);
        self.body = Body::NONE;
        Some(body)
    }

    /// The length of what is still to come of the body, where that is known.
    pub(crate) fn length(&self) -> Option<u64> {
        match self.body {
            Body::Known(length) => Some(length),
            Body::Chunked(_) | Body::UntilClose => None,
        }
    }

    /// The length that the head of the answer announces, be it for HEAD.
    pub(crate) fn announced(&self) -> Option<u64> {
        self.announced
    }

    /// The next piece of the body; `None` at its end.
    pub(crate) fn poll_body(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        loop {
            if let Some(piece) = self.body.next_piece(&mut self.input)? {
                return Poll::Ready(Ok(Some(piece)));
            }
            if self.body.is_done() {
                return Poll::Ready(Ok(None));
            }
            self.input.reserve(BODY_PIECE);
            if ready!(self.stream.poll_read(context, &mut self.input))? == 0 {
                self.body.end()?;
            }
        }
    }

    /// Whether all of the body was read.
    pub(crate) fn is_read(&self) -> bool {
        self.body.is_done()
    }

    /// The connection, if another request can be sent on it now that the answer was read.
    pub(crate) fn used(mut self) -> Option<Self> {
        let is_clean = self.is_read() && self.input.is_empty() && self.output.is_empty();
        if !is_clean || self.is_last {
            return None;
        }
        // What a long body needed is not kept by a connection that is idle.
        if self.input.capacity() > 2 * HEAD_PIECE {
            self.input = BytesMut::new();
        }
        if self.output.capacity() > 2 * HEAD_PIECE {
            self.output = Vec::new();
        }
        Some(self)
    }

    /// Sets the timer.
    pub(crate) fn set_timer(&mut self, moment: Instant) {
        match &mut self.timer {
            Some(timer) => timer.as_mut().reset(moment),
            None => self.timer = Some(Box::pin(sleep_until(moment))),
        }
    }

    /// Waits until the timer expires; for ever if it was never set.
    pub(crate) fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.timer.as_mut().map_or(Poll::Pending, |timer| timer.as_mut().poll(context))
    }
}
