//! Making connections.

use super::origin::Origin;
use crate::http1::connection::Connection;
use crate::http1::stream::Stream;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Connects to an address of an origin.
///
/// TCP may take the time `patience`, and the handshake of TLS as long again.
pub(crate) async fn connect(
    address: SocketAddr,
    origin: &Origin,
    patience: Duration,
) -> io::Result<Connection> {
    let stream = timeout(patience, TcpStream::connect(address)).await??;
    stream.set_nodelay(true)?;
    let stream = match &origin.tls {
        None => Stream::Plain(stream),
        Some((tls, name)) => {
            Stream::Tls(Box::new(timeout(patience, tls.connect(name.clone(), stream)).await??))
        }
    };
    Ok(Connection::new(stream))
}
