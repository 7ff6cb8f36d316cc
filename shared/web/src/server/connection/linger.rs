//! Lingering close (RFC 9112, 9.6): a socket that is closed with unread bytes resets the connection, and its client may lose the
//! response that it has not read yet.

use actix_web::rt::net::TcpStream;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

/// How long a client may go on sending after its response, before the connection is closed.
pub(super) const LINGER_TIMEOUT: Duration = Duration::from_secs(15);
/// The size of a read.
const READ_BYTES: usize = 0x1000;

/// Closes the sending side, and reads on until the client closes or [`LINGER_TIMEOUT`] is over.
pub(super) async fn linger(mut socket: TcpStream) {
    if socket.shutdown().await.is_err() {
        return;
    }
    let read = async {
        let mut unread = Box::new([0; READ_BYTES]);
        while matches!(socket.read(unread.as_mut_slice()).await, Ok(1..)) {}
    };
    drop(timeout(LINGER_TIMEOUT, read).await);
}
