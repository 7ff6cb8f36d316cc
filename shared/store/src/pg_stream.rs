//! The stream from PostgreSQL. It puts the SQLSTATE of each `ErrorResponse` into its message, which diesel keeps.

use super::sqlstate::{self, HEAD_BYTES};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsStream};

/// The type of the message `ErrorResponse`.
const ERROR_RESPONSE: u8 = b'E';

/// A callback that gets the SQLSTATE of each error.
pub(super) type OnError = Arc<dyn Fn(&str) + Send + Sync>;

/// Finds and rewrites the errors among the messages, in whatever pieces they come.
struct ErrorRewriter {
    on_error: OnError,
    /// The received part of the present message's head.
    head: Vec<u8>,
    /// The rest of the present message's body, in bytes.
    left: usize,
    /// The present message, if it is an error.
    error: Option<Vec<u8>>,
}

impl ErrorRewriter {
    fn new(on_error: OnError) -> Self {
        Self { on_error, head: Vec::with_capacity(HEAD_BYTES), left: 0, error: None }
    }

    /// How many of the first bytes belong to messages other than errors.
    fn pass(&mut self, bytes: &[u8]) -> usize {
        let mut passed = 0;
        while let Some((&first, rest)) = bytes.get(passed..).and_then(<[u8]>::split_first) {
            if self.left > 0 {
                let skipped = self.left.min(rest.len() + 1);
                self.left -= skipped;
                passed += skipped;
            } else if self.head.is_empty() && first == ERROR_RESPONSE {
                break;
            } else {
                self.take_head(first);
                passed += 1;
            }
        }
        passed
    }

    /// Takes a byte of a head; the last one completes the length of the body.
    fn take_head(&mut self, byte: u8) {
        self.head.push(byte);
        if let Some([_, a, b, c, d]) = self.head.first_chunk::<HEAD_BYTES>().copied() {
            let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
            self.left = length.saturating_sub(4);
            self.head.clear();
        }
    }

    /// Writes complete errors with their codes in their messages to `out`, and other bytes as they are.
    fn rewrite(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while !bytes.is_empty() {
            let Some(mut error) = self.error.take() else {
                let passed = self.pass(bytes);
                let (plain, rest) = bytes.split_at_checked(passed).unwrap_or((bytes, &[]));
                out.extend_from_slice(plain);
                bytes = rest;
                self.error = (!bytes.is_empty()).then(Vec::new);
                continue;
            };
            let missing = if error.len() < HEAD_BYTES { HEAD_BYTES - error.len() } else { self.left };
            let (taken, rest) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
            bytes = rest;
            if error.len() < HEAD_BYTES {
                for byte in taken {
                    self.take_head(*byte);
                }
            } else {
                self.left -= taken.len();
            }
            error.extend_from_slice(taken);
            if error.len() < HEAD_BYTES || self.left > 0 {
                self.error = Some(error);
            } else {
                self.finish(&error, out);
            }
        }
    }

    fn finish(&mut self, error: &[u8], out: &mut Vec<u8>) {
        match sqlstate::with_code_in_message(error) {
            Some((rewritten, code)) => {
                (self.on_error)(&code);
                out.extend_from_slice(&rewritten);
            }
            None => out.extend_from_slice(error),
        }
    }

    /// Whether an incomplete error is held back.
    fn is_holding(&self) -> bool {
        self.error.is_some()
    }
}

/// A connection to PostgreSQL whose errors show their SQLSTATE in their messages.
pub(super) struct PgStream<S> {
    inner: S,
    rewriter: ErrorRewriter,
    /// Rewritten bytes that are not read yet.
    out: Vec<u8>,
}

impl<S> PgStream<S> {
    pub(super) fn new(inner: S, on_error: OnError) -> Self {
        Self { inner, rewriter: ErrorRewriter::new(on_error), out: Vec::new() }
    }
}

impl<S: AsyncRead + Unpin> PgStream<S> {
    /// Reads rewritten bytes, as many as fit.
    fn read_rewritten(&mut self, buffer: &mut ReadBuf<'_>) {
        let count = self.out.len().min(buffer.remaining());
        let given: Vec<u8> = self.out.drain(..count).collect();
        buffer.put_slice(&given);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PgStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if !this.out.is_empty() {
                this.read_rewritten(buffer);
                return Poll::Ready(Ok(()));
            }
            let start = buffer.filled().len();
            ready!(Pin::new(&mut this.inner).poll_read(context, buffer))?;
            let read = buffer.filled().get(start..).unwrap_or_default();
            if read.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let passed = if this.rewriter.is_holding() { 0 } else { this.rewriter.pass(read) };
            if passed == read.len() {
                return Poll::Ready(Ok(()));
            }
            let rest = read.get(passed..).unwrap_or_default().to_vec();
            buffer.set_filled(start + passed);
            this.rewriter.rewrite(&rest, &mut this.out);
            if passed > 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PgStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

impl<S: TlsStream + Unpin> TlsStream for PgStream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.inner.channel_binding()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Mutex;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        [&[kind][..], &u32::try_from(body.len() + 4).unwrap().to_be_bytes(), body].concat()
    }

    fn error(prefix: &str) -> Vec<u8> {
        message(b'E', format!("SFEHLER\0C57014\0M{prefix}zu spät\0\0").as_bytes())
    }

    /// Messages as they are sent, and as they are read.
    fn conversation() -> impl Strategy<Value = Vec<(Vec<u8>, Vec<u8>)>> {
        let plain = (prop::sample::select(b"DRZCNTE".to_vec()), prop::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(kind, body)| {
                // A malformed error passes as it is.
                let body = if kind == b'E' { vec![0] } else { body };
                (message(kind, &body), message(kind, &body))
            });
        let failed = Just((error(""), error("57014: ")));
        prop::collection::vec(prop_oneof![3 => plain, 1 => failed], 0..12)
    }

    proptest! {
        #[test]
        fn errors_alone_are_rewritten_in_whatever_pieces_they_come(
            messages in conversation(),
            pieces in prop::collection::vec(1_usize..30, 1..20),
            capacity in 1_usize..50,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let codes = Arc::new(Mutex::new(Vec::new()));
            let sent: Vec<u8> = messages.iter().flat_map(|(sent, _)| sent.clone()).collect();
            let expected: Vec<u8> = messages.iter().flat_map(|(_, read)| read.clone()).collect();
            let errors = messages.iter().filter(|(sent, read)| sent != read).count();
            let read = runtime.block_on(async {
                let (near, mut far) = tokio::io::duplex(4096);
                let noted = Arc::clone(&codes);
                let on_error: OnError = Arc::new(move |code: &str| noted.lock().unwrap().push(code.to_owned()));
                let mut stream = PgStream::new(near, on_error);
                let mut rest = sent.as_slice();
                let mut sizes = pieces.iter().cycle();
                let mut all = Vec::new();
                while !rest.is_empty() {
                    let (piece, later) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
                    far.write_all(piece).await.unwrap();
                    rest = later;
                    read_what_has_come(&mut stream, capacity, &mut all).await;
                }
                drop(far);
                stream.read_to_end(&mut all).await.unwrap();
                all
            });
            prop_assert_eq!(read, expected);
            prop_assert_eq!(codes.lock().unwrap().clone(), vec!["57014".to_owned(); errors]);
        }
    }

    async fn read_what_has_come(
        stream: &mut PgStream<tokio::io::DuplexStream>,
        capacity: usize,
        all: &mut Vec<u8>,
    ) {
        let mut buffer = vec![0; capacity];
        loop {
            let mut read = ReadBuf::new(&mut buffer);
            let polled = std::future::poll_fn(|context| {
                Poll::Ready(Pin::new(&mut *stream).poll_read(context, &mut read).is_ready())
            });
            if !polled.await {
                return;
            }
            all.extend_from_slice(read.filled());
        }
    }
}
