//! Connections to replicas.

use super::origin::Origin;
use super::stream::ByteStream;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Connects to an address of an origin. The time limit holds for TCP, and once more for the handshake of TLS.
pub(crate) async fn connect(address: SocketAddr, origin: &Origin, limit: Duration) -> io::Result<ByteStream> {
    let stream = timeout(limit, TcpStream::connect(address)).await??;
    stream.set_nodelay(true)?;
    Ok(match &origin.tls {
        None => ByteStream::Left(stream),
        Some((tls, name)) => {
            ByteStream::Right(Box::new(timeout(limit, tls.connect(name.clone(), stream)).await??))
        }
    })
}
