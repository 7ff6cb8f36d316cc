//! The stream between a socket and the dispatcher: it delivers one request at a time.

use super::chunked::Chunked;
use super::framing::Framing;
use super::idle_timer::IdleTimer;
use super::{Connection, Phase};
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

/// The largest head: the dispatcher refuses more.
const MAX_HEAD_BYTES: usize = 0x2_0000;
/// The most bytes that are read ahead before a response is written.
const MAX_AHEAD_BYTES: usize = 0x2000;
/// The size of a read that is not for the dispatcher.
const READ_BYTES: usize = 0x1000;
/// How many bytes of the end of a head (`\n\n` or `\n\r\n`) an earlier read may have brought.
const CUT_BYTES: usize = 2;

/// A stream that delivers one request at a time, and ends at the idle time-out.
pub(super) struct RequestStream {
    socket: Rc<RefCell<TcpStream>>,
    connection: Rc<Connection>,
    framing: Framing,
    /// Bytes that were read and not delivered; without an allocation while empty.
    held: BytesMut,
    /// How many of them belong to the present request.
    ready: usize,
    /// Whether `held` has bytes that [`Framing`] has not seen.
    is_unframed: bool,
    /// Whether the bytes behind a head are withheld for one pass, so that the dispatcher handles the head first.
    pauses: bool,
    /// Whether the client has closed its side.
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

    /// Delivers bytes of the present request. No bytes are the end.
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
            // The dispatcher drops a connection with malformed chunks; a body that ends early is an error of the handler's.
            if self.framing == Framing::Chunked(Chunked::Malformed) {
                self.connection.ends_after_response.set(true);
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

    /// The end of the client's side, after all of its bytes.
    fn end(&self) -> io::Result<()> {
        self.connection.ends_after_response.set(true);
        let is_within_body = self.framing != Framing::Head;
        if is_within_body && self.connection.cancels_on_half_close {
            Err(io::ErrorKind::ConnectionAborted.into())
        } else {
            Ok(())
        }
    }

    /// How many of these bytes may be delivered.
    fn frame(&mut self, bytes: &[u8]) -> usize {
        let was_head = self.framing == Framing::Head;
        let taken = self.framing.take(bytes);
        if was_head && taken > 0 {
            self.connection.phase.set(Phase::HeadRead);
            // The dispatcher decodes all that it has into a queue, also chunks that no handler reads.
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

    /// Reads from the socket into `output`, and holds back what does not belong to the present request. Returns whether bytes were
    /// delivered.
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

    /// Reads more into `held`, which has no allocation until bytes arrive.
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

    /// Reads ahead while a request is in flight, also to notice that the client disconnects.
    fn poll_ahead(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.is_ended && self.held.len() < MAX_AHEAD_BYTES {
            let read = self.poll_hold(context);
            self.look_ahead();
            ready!(read)?;
        }
        if !self.is_ended {
            return Poll::Pending;
        }
        match self.connection.phase.get() {
            // The dispatcher begins the request that it has read before it sees the end.
            Phase::HeadRead if !std::mem::replace(&mut self.pauses, true) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Phase::InFlight if self.connection.cancels_on_half_close => {
                Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
            }
            _ if self.held.is_empty() => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    }

    fn look_ahead(&self) {
        if self.framing == Framing::Head && self.ready == 0 {
            self.connection.ends_after_response.set(!Framing::may_begin_head(&self.held));
        }
    }
}

/// Whether a head may end behind the first `before` bytes. A long head is parsed once its empty line has come and not at each read,
/// because each parse begins at its first byte.
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

    /// The dispatcher flushes once the response is written.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut *this.socket.borrow_mut()).poll_flush(context))?;
        if this.connection.phase.get() == Phase::Responded {
            this.connection.phase.set(Phase::Idle);
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
