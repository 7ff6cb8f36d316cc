//! Connections to replicas.

use super::origin::Origin;
use crate::http1::connection::Connection;
use crate::http1::stream::Stream;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Connects to an address of an origin. The time limit holds for TCP, and once more for the handshake of TLS.
pub(crate) async fn connect(address: SocketAddr, origin: &Origin, limit: Duration) -> io::Result<Connection> {
    let stream = timeout(limit, TcpStream::connect(address)).await??;
    stream.set_nodelay(true)?;
    let stream = match &origin.tls {
        None => Stream::Plain(stream),
        Some((tls, name)) => Stream::Tls(Box::new(timeout(limit, tls.connect(name.clone(), stream)).await??)),
    };
    Ok(Connection::new(stream))
}
