//! How a connection ends on which more has come than was read: a socket that is closed with unread bytes resets the connection,
//! and its client may lose the answer that it has not read yet (RFC 9112, 9.6).

use super::super::LINGER;
use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

/// What is read at once.
const READ_BYTES: usize = 0x1000;

/// Says no more, and reads on until the client closes, or for [`LINGER`].
pub(super) async fn linger(mut socket: TcpStream) {
    if socket.shutdown().await.is_err() {
        return;
    }
    let read = async {
        let mut unread = Box::new([0; READ_BYTES]);
        while matches!(socket.read(unread.as_mut_slice()).await, Ok(1..)) {}
    };
    drop(timeout(LINGER, read).await);
}
