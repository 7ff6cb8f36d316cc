//! The negotiation of TLS with PostgreSQL, so that a [`PgStream`] wraps each connection, with TLS or without.
//!
//! `tokio-postgres` calls a connector only if TLS is certain, as with `sslnegotiation=direct`. So every connection is configured like
//! that, and the `SSLRequest` is sent here, as libpq does it (`PostgreSQL` manual, 54.2.11).

use super::pg_stream::{OnError, PgStream};
use super::tls::TlsMode;
use futures_util::future::BoxFuture;
use rustls::ClientConfig;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::config::SslNegotiation;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres_rustls::MakeRustlsConnect;

/// `SSLRequest`: its length, and its code in the place of a protocol version.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

type Secured = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;
type Securing = <MakeRustlsConnect as MakeTlsConnect<Socket>>::TlsConnect;

/// The maker of connectors for a database.
#[derive(Clone)]
pub(super) struct Negotiator {
    pub(super) mode: TlsMode,
    pub(super) negotiation: SslNegotiation,
    pub(super) tls: MakeRustlsConnect,
    pub(super) on_error: OnError,
}

impl Negotiator {
    pub(super) fn new(
        mode: TlsMode,
        negotiation: SslNegotiation,
        config: ClientConfig,
        on_error: OnError,
    ) -> Self {
        Self { mode, negotiation, tls: MakeRustlsConnect::new(config), on_error }
    }
}

impl MakeTlsConnect<Socket> for Negotiator {
    type Stream = PgStream<MaybeTls>;
    type TlsConnect = Connector;
    type Error = std::convert::Infallible;

    fn make_tls_connect(&mut self, host: &str) -> Result<Self::TlsConnect, Self::Error> {
        let securing = MakeTlsConnect::<Socket>::make_tls_connect(&mut self.tls, host)?;
        Ok(Connector { negotiator: self.clone(), securing })
    }
}

/// The connector of one connection.
pub(super) struct Connector {
    negotiator: Negotiator,
    securing: Securing,
}

impl TlsConnect<Socket> for Connector {
    type Stream = PgStream<MaybeTls>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<PgStream<MaybeTls>>>;

    fn connect(self, mut socket: Socket) -> Self::Future {
        Box::pin(async move {
            let Self { negotiator: Negotiator { mode, negotiation, on_error, .. }, securing } = self;
            let is_secured = match (mode, negotiation) {
                (TlsMode::Disable, _) => false,
                (_, SslNegotiation::Direct) => true,
                (TlsMode::Prefer, _) => request_tls(&mut socket).await?,
                (TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull, _) => {
                    if !request_tls(&mut socket).await? {
                        return Err(io::Error::new(
                            io::ErrorKind::InvalidData,
                            "the server does not support TLS",
                        ));
                    }
                    true
                }
            };
            let stream = if is_secured {
                MaybeTls::Tls(Box::new(securing.connect(socket).await?))
            } else {
                MaybeTls::Plain(socket)
            };
            Ok(PgStream::new(stream, on_error))
        })
    }
}

/// Sends an `SSLRequest`, and returns whether the server accepts TLS.
async fn request_tls(socket: &mut Socket) -> io::Result<bool> {
    socket.write_all(&SSL_REQUEST).await?;
    match socket.read_u8().await? {
        b'S' => Ok(true),
        b'N' => Ok(false),
        // The server cannot start a backend process, and sends an error.
        _ => Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the server refuses the connection")),
    }
}

/// A connection with TLS or without.
pub(super) enum MaybeTls {
    Plain(Socket),
    Tls(Box<Secured>),
}

impl AsyncRead for MaybeTls {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(socket) => Pin::new(socket).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for MaybeTls {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(socket) => Pin::new(socket).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(socket) => Pin::new(socket).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

impl TlsStream for MaybeTls {
    fn channel_binding(&self) -> ChannelBinding {
        match self {
            Self::Plain(_) => ChannelBinding::none(),
            Self::Tls(stream) => stream.channel_binding(),
        }
    }
}
