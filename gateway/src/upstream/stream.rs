//! The bytes of a connection, in the clear or under TLS, and how far a request was written.

use std::cell::{Cell, RefCell};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

/// TCP alone, or TLS over TCP.
pub(crate) type ByteStream = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// The most bytes that may come before a response's head has come as a whole: interim responses (1xx) and the head.
const MAX_BYTES_BEFORE_RESPONSE: usize = 0x10_0000;

/// How far a request was written, shared by its connection's stream, its body, and the task that awaits the response.
#[derive(Default)]
pub(crate) struct WriteProgress {
    has_begun: Cell<bool>,
    /// Bytes of the body that the connection was given, and has perhaps not written.
    unflushed_bytes: Cell<usize>,
    /// Who waits until all was written.
    flush_waker: Cell<Option<Waker>>,
    last_write: Cell<Option<Instant>>,
    /// The bytes that may still come before the response.
    readable_bytes: Cell<usize>,
    error: RefCell<Option<io::Error>>,
}

impl WriteProgress {
    /// Begins anew, for the next request.
    pub(super) fn reset(&self) {
        self.has_begun.set(false);
        self.unflushed_bytes.set(0);
        self.last_write.set(None);
        self.readable_bytes.set(MAX_BYTES_BEFORE_RESPONSE);
    }

    /// Notes that the head of the response has come.
    pub(super) fn record_response(&self) {
        self.readable_bytes.set(usize::MAX);
    }

    /// Whether a byte of the request was written, so that it has perhaps arrived.
    pub(crate) fn has_begun(&self) -> bool {
        self.has_begun.get()
    }

    /// The bytes of the body that the connection was given, and has perhaps not written.
    pub(crate) fn unflushed_bytes(&self) -> usize {
        self.unflushed_bytes.get()
    }

    /// Counts bytes of the body that the connection is given.
    pub(crate) fn add_unflushed(&self, bytes: usize) {
        self.unflushed_bytes.set(self.unflushed_bytes.get() + bytes);
    }

    /// Wakes this task once the connection has written all that it was given.
    pub(crate) fn wake_when_flushed(&self, waker: &Waker) {
        self.flush_waker.set(Some(waker.clone()));
    }

    /// When a part of the body was written last.
    pub(crate) fn last_write(&self) -> Option<Instant> {
        self.last_write.get()
    }

    /// Whether the service has stopped reading in the midst of the request.
    pub(crate) fn has_failed(&self) -> bool {
        self.error.borrow().is_some()
    }

    /// Why the service has stopped reading in the midst of the request.
    pub(super) fn take_error(&self) -> Option<io::Error> {
        self.error.borrow_mut().take()
    }

    fn record_write(&self) {
        self.has_begun.set(true);
        if self.unflushed_bytes.get() > 0 {
            self.last_write.set(Some(Instant::now()));
        }
    }

    fn record_flush(&self) {
        self.unflushed_bytes.set(0);
        if let Some(waker) = self.flush_waker.take() {
            waker.wake();
        }
    }

    fn record_read(&self, bytes: usize) -> io::Result<()> {
        let left = self.readable_bytes.get();
        let left =
            left.checked_sub(bytes).ok_or_else(|| io::Error::other("the service sends no final response"))?;
        if left < MAX_BYTES_BEFORE_RESPONSE {
            self.readable_bytes.set(left);
        }
        Ok(())
    }

    /// Keeps an error that comes in the midst of a request, and passes on one that comes before.
    fn keep_error(&self, error: io::Error) -> io::Result<()> {
        if self.has_begun() {
            self.error.replace(Some(error));
            Ok(())
        } else {
            Err(error)
        }
    }
}

/// A stream that records how far a request was written.
///
/// A service that stops reading in the midst of a request has perhaps said why. So that its response is read all the same, the
/// rest of the request is taken, and goes nowhere.
pub(super) struct MeteredStream {
    pub(super) stream: ByteStream,
    pub(super) progress: Rc<WriteProgress>,
}

impl MeteredStream {
    fn poll_write_with(
        &mut self,
        bytes: usize,
        write: impl FnOnce(Pin<&mut ByteStream>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if self.progress.has_failed() {
            return Poll::Ready(Ok(bytes));
        }
        Poll::Ready(match ready!(write(Pin::new(&mut self.stream))) {
            Ok(written) => {
                self.progress.record_write();
                Ok(written)
            }
            Err(error) => self.progress.keep_error(error).map(|()| bytes),
        })
    }
}

impl AsyncRead for MeteredStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        Poll::Ready(self.progress.record_read(buffer.filled().len() - before))
    }
}

impl AsyncWrite for MeteredStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(bytes.len(), |stream| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bytes = slices.iter().map(|slice| slice.len()).sum();
        self.poll_write_with(bytes, |stream| stream.poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// The connection flushes once it has written all that it was given.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.progress.has_failed()
            && let Err(error) = ready!(Pin::new(&mut self.stream).poll_flush(context))
        {
            self.progress.keep_error(error)?;
        }
        self.progress.record_flush();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
