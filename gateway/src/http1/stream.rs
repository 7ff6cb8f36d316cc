//! The bytes of a connection, in the clear or under TLS.

use actix_web::web::BytesMut;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_util::io::poll_read_buf;

/// Where bytes go, and come from.
pub(crate) enum Stream {
    /// TCP alone.
    Plain(TcpStream),
    /// TLS over TCP.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// How many bytes came; 0 at the end.
    pub(super) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut BytesMut,
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => poll_read_buf(Pin::new(stream), context, buffer),
            Self::Tls(stream) => poll_read_buf(Pin::new(stream.as_mut()), context, buffer),
        }
    }

    /// How many bytes were taken.
    pub(super) fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_write(context, bytes),
        }
    }

    /// Sends what was taken.
    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            // TCP keeps nothing back.
            Self::Plain(_) => Poll::Ready(Ok(())),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(context),
        }
    }

    /// Whether nothing has come, neither a byte nor the end, as far as the runtime was told. It costs no system call.
    pub(super) fn is_idle(&mut self) -> bool {
        match self {
            Self::Plain(stream) => {
                let heard = stream.try_read(&mut [0]);
                heard.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
            }
            Self::Tls(stream) => {
                let mut byte = [0];
                let context = &mut Context::from_waker(Waker::noop());
                Pin::new(stream.as_mut()).poll_read(context, &mut ReadBuf::new(&mut byte)).is_pending()
            }
        }
    }
}
