//! Closing the door: who is in is served, and who comes later is not let in first and then thrown out.
//!
//! A listening socket that is closed resets the connections that wait to be taken, and they may carry requests already.
//! So for a moment before, the kernel is told to drop who knocks. Their client knocks again a second later, by itself
//! (RFC 6298: the first retransmission of a SYN), and finds the next process, or a closed port. Where the kernel lets
//! only root do that, whoever comes from another machine finds the port closed in that moment already.

use std::net::TcpListener;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

/// How long it takes until all that were let in have been taken.
const HALLWAY: Duration = Duration::from_millis(200);
/// How long is waited after that for the first words of those who have said nothing yet: on a busy machine they take a
/// while. With [`HALLWAY`] less than a second, so that nobody knocks twice in vain.
const HESITATION: Duration = Duration::from_millis(600);

/// A second hand on the socket that a server listens on.
pub(super) struct Door {
    listener: TcpListener,
    silent: TaskTracker,
}

impl Door {
    /// Of this listener, whose connections are among the silent ones until their first request.
    pub(super) fn of(listener: &TcpListener, silent: TaskTracker) -> std::io::Result<Self> {
        Ok(Self { listener: listener.try_clone()?, silent })
    }

    /// Lets nobody in any more, and waits until those who are in are being served. The server should stop then: it closes
    /// connections on which nothing is being asked at once.
    pub(super) async fn close(self) {
        let closing = drop_who_knocks(&self.listener).or_else(|error| {
            tracing::debug!(%error, "nobody can be made to knock again");
            refuse_other_machines(&self.listener)
        });
        if let Err(error) = closing {
            tracing::debug!(%error, "the door is closed at once");
            return;
        }
        sleep(HALLWAY).await;
        self.silent.close();
        if timeout(HESITATION, self.silent.wait()).await.is_err() {
            tracing::debug!(silent = self.silent.len(), "connections are closed that have said nothing");
        }
    }
}

/// A filter on what comes for the socket (Linux' `SO_ATTACH_FILTER`): segments with ACK pass, a SYN does not. Connections
/// have the filter, too, and it lets all of theirs pass.
#[cfg(target_os = "linux")]
fn drop_who_knocks(listener: &TcpListener) -> std::io::Result<()> {
    use socket2::{SockFilter, SockRef};
    const LOAD_BYTE: u16 = 0x30;
    const JUMP_IF_SET: u16 = 0x45;
    const RETURN: u16 = 0x06;
    /// Where TCP's flags are (RFC 9293, 3.1), and which of them is ACK.
    const FLAGS: u32 = 13;
    const ACK: u32 = 0x10;
    SockRef::from(listener).attach_filter(&[
        SockFilter::new(LOAD_BYTE, 0, 0, FLAGS),
        SockFilter::new(JUMP_IF_SET, 0, 1, ACK),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
        SockFilter::new(RETURN, 0, 0, 0),
    ])
}

/// Listens on loopback alone from now on (Linux' `SO_BINDTODEVICE`). A handshake that has begun comes to its end.
#[cfg(target_os = "linux")]
fn refuse_other_machines(listener: &TcpListener) -> std::io::Result<()> {
    socket2::SockRef::from(listener).bind_device(Some(b"lo"))
}

#[cfg(not(target_os = "linux"))]
fn drop_who_knocks(_: &TcpListener) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
fn refuse_other_machines(_: &TcpListener) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
