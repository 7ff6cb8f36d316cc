//! The bytes of a connection on their way to and from the dispatcher.

use super::chunked::Chunked;
use super::framing::Framing;
use super::idle_timer::IdleTimer;
use super::{Connection, Turn};
use actix_web::rt::net::TcpStream;
use actix_web::web::{Buf as _, BytesMut};
use std::cell::RefCell;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The largest head: with more, the dispatcher refuses it.
const MAX_HEAD_BYTES: usize = 0x2_0000;
/// The most that is read ahead of a request's answer.
const MAX_AHEAD_BYTES: usize = 0x2000;
/// What is read at once, where it is not read for the dispatcher.
const READ_BYTES: usize = 0x1000;
/// The most of the two line ends at the end of a head that an earlier piece may have brought, of the three bytes that tell.
const CUT_BYTES: usize = 2;

/// A stream that gives its reader one request at a time, and ends where nobody asks.
pub(super) struct RequestStream {
    socket: Rc<RefCell<TcpStream>>,
    connection: Rc<Connection>,
    framing: Framing,
    /// What has come and was not given yet; it has no memory while it is empty.
    held: BytesMut,
    /// How much of it belongs to the request that is being given.
    ready: usize,
    /// Whether more has come since [`Framing`] last looked at what is held.
    is_unframed: bool,
    /// Whether what follows a head is withheld until the dispatcher has looked at it; it is once.
    pauses: bool,
    /// Whether the client says no more.
    is_ended: bool,
    idle: IdleTimer,
}

impl RequestStream {
    pub(super) fn new(socket: Rc<RefCell<TcpStream>>, connection: Rc<Connection>, idle: Duration) -> Self {
        Self {
            socket,
            connection,
            framing: Framing::Head,
            held: BytesMut::new(),
            ready: 0,
            is_unframed: false,
            pauses: false,
            is_ended: false,
            idle: IdleTimer::new(idle),
        }
    }

    pub(super) fn connection(&self) -> &Rc<Connection> {
        &self.connection
    }

    /// Gives bytes of the request whose turn it is. No bytes are the end.
    fn poll_request(&mut self, context: &mut Context<'_>, output: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.ready > 0 {
                self.give(output);
                return Poll::Ready(Ok(()));
            }
            if self.framing == Framing::Head && !self.connection.takes_next() {
                return self.poll_ahead(context);
            }
            if self.framing == Framing::Refused {
                return self.poll_ahead(context);
            }
            // The dispatcher drops a connection whose chunks are malformed; of a body without its end the handler hears.
            if self.framing == Framing::Chunked(Chunked::Malformed) {
                self.connection.ends_after_answer.set(true);
                return Poll::Ready(Ok(()));
            }
            if std::mem::take(&mut self.pauses) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            if std::mem::take(&mut self.is_unframed) && !self.held.is_empty() {
                let held = std::mem::take(&mut self.held);
                self.ready = self.frame(&held);
                self.held = held;
            } else if self.is_ended {
                return Poll::Ready(self.end());
            } else if self.held.is_empty() {
                if ready!(self.poll_socket(context, output))? {
                    return Poll::Ready(Ok(()));
                }
            } else if self.held.len() >= MAX_HEAD_BYTES {
                self.framing = Framing::Refused;
                self.ready = self.held.len();
            } else {
                ready!(self.poll_hold(context))?;
            }
        }
    }

    /// The client says no more, and all that it has said was given.
    fn end(&self) -> io::Result<()> {
        self.connection.ends_after_answer.set(true);
        let is_within_body = self.framing != Framing::Head;
        if is_within_body && self.connection.cancels {
            Err(io::ErrorKind::ConnectionAborted.into())
        } else {
            Ok(())
        }
    }

    /// How many of the bytes that come next may be given.
    fn frame(&mut self, bytes: &[u8]) -> usize {
        let was_head = self.framing == Framing::Head;
        let taken = self.framing.take(bytes);
        if was_head && taken > 0 {
            self.connection.turn.set(Turn::Given);
            // The dispatcher decodes all that it has into a queue, also chunks that nobody will read.
            self.pauses = matches!(self.framing, Framing::Chunked(_));
        }
        taken
    }

    fn give(&mut self, output: &mut ReadBuf<'_>) {
        let given = self.ready.min(output.remaining());
        output.put_slice(self.held.get(..given).unwrap_or_default());
        self.held.advance(given);
        self.ready -= given;
        self.is_unframed = self.ready == 0;
        if self.held.is_empty() {
            self.held = BytesMut::new();
        }
        self.look_ahead();
    }

    /// Reads from the socket to where it is wanted, and holds what does not belong there. Whether anything was given.
    fn poll_socket(&mut self, context: &mut Context<'_>, output: &mut ReadBuf<'_>) -> Poll<io::Result<bool>> {
        let before = output.filled().len();
        ready!(Pin::new(&mut *self.socket.borrow_mut()).poll_read(context, output))?;
        let read = output.filled().get(before..).unwrap_or_default();
        self.is_ended = read.is_empty();
        let given = self.frame(read);
        if let Some(more) = read.get(given..).filter(|more| !more.is_empty()) {
            self.held.extend_from_slice(more);
            self.is_unframed = given > 0;
            self.look_ahead();
            output.set_filled(before + given);
        }
        Poll::Ready(Ok(given > 0))
    }

    /// Reads more to what is held, which has no memory as long as nothing comes.
    fn poll_hold(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut buffer = [MaybeUninit::uninit(); READ_BYTES];
        let mut read = ReadBuf::uninit(&mut buffer);
        ready!(Pin::new(&mut *self.socket.borrow_mut()).poll_read(context, &mut read))?;
        let before = self.held.len();
        self.held.extend_from_slice(read.filled());
        self.is_ended = read.filled().is_empty();
        self.is_unframed |= self.framing != Framing::Head || may_end_head(&self.held, before);
        Poll::Ready(Ok(()))
    }

    /// Reads ahead while a request is being answered, if only to hear of a client that leaves.
    fn poll_ahead(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.is_ended && self.held.len() < MAX_AHEAD_BYTES {
            let read = self.poll_hold(context);
            self.look_ahead();
            ready!(read)?;
        }
        if !self.is_ended {
            return Poll::Pending;
        }
        match self.connection.turn.get() {
            // The dispatcher begins the request that it was given before it hears of the end.
            Turn::Given if !std::mem::replace(&mut self.pauses, true) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Turn::InFlight if self.connection.cancels => {
                Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
            }
            _ if self.held.is_empty() => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    }

    fn look_ahead(&self) {
        if self.framing == Framing::Head && self.ready == 0 {
            self.connection.ends_after_answer.set(!Framing::may_begin_head(&self.held));
        }
    }
}

/// Whether a head may end with what has come behind the first `before` bytes. A long one is parsed when its empty line has come,
/// not at each piece: it would be parsed from its first byte each time.
fn may_end_head(held: &[u8], before: usize) -> bool {
    let new = held.get(before.saturating_sub(CUT_BYTES)..).unwrap_or_default();
    let is_line_end =
        |at: usize| matches!(new.get(at..), Some([b'\n', b'\n', ..] | [b'\n', b'\r', b'\n', ..]));
    held.len() <= READ_BYTES || (0..new.len()).any(is_line_end)
}

impl AsyncRead for RequestStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        output: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.connection.pass.set(this.connection.pass().wrapping_add(1));
        if this.connection.waits_for_client() && this.idle.poll_over(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        this.poll_request(context, output)
    }
}

impl AsyncWrite for RequestStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.socket.borrow_mut()).poll_write(context, bytes)
    }

    /// The dispatcher flushes once it has written all that it has.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut *this.socket.borrow_mut()).poll_flush(context))?;
        if this.connection.turn.get() == Turn::Answered {
            this.connection.turn.set(Turn::Idle);
            this.idle.restart(context);
            if this.is_ended || !this.held.is_empty() {
                context.waker().wake_by_ref();
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.socket.borrow_mut()).poll_shutdown(context)
    }
}

impl Drop for RequestStream {
    fn drop(&mut self) {
        let has_unread = !self.is_ended && (!self.held.is_empty() || self.framing == Framing::Refused);
        self.connection.has_unread.set(has_unread);
    }
}

#[cfg(test)]
mod tests;
