//! Making connections.

use super::Origin;
use futures_util::future::Either;
use hyper::body::Body;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Connects to an address of an origin. The second half of the answer is the connection's work, to be run by who asks.
///
/// TCP may take the time `patience`, and the handshake of TLS as long again.
pub(crate) async fn connect<B>(
    address: SocketAddr,
    origin: &Origin,
    patience: Duration,
) -> io::Result<(SendRequest<B>, impl Future<Output = hyper::Result<()>> + use<B>)>
where
    B: Body + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let stream = timeout(patience, TcpStream::connect(address)).await??;
    stream.set_nodelay(true)?;
    match &origin.tls {
        None => {
            let (sender, work) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
            Ok((sender, Either::Left(work)))
        }
        Some((tls, name)) => {
            let stream = timeout(patience, tls.connect(name.clone(), stream)).await??;
            let (sender, work) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
            Ok((sender, Either::Right(work)))
        }
    }
}
