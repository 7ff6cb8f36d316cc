//! How a connection ends on which more has come than was read: a socket that is closed with unread bytes resets the connection,
//! and its client may lose the answer that it has not read yet (RFC 9112, 9.6).

use actix_web::rt::net::TcpStream;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

/// How long a client that was answered early may go on sending, so that it reads the answer and not a reset connection.
pub(super) const LINGER: Duration = Duration::from_secs(15);
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
