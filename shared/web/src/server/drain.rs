//! Graceful shutdown of the listener: accepted connections are served, and no connection is accepted and then reset.
//!
//! Closing a listening socket resets the connections in its backlog, which may carry requests already. So before it is closed,
//! the kernel drops new SYN segments. A client retransmits its SYN a second later (RFC 6298, 2.1), and reaches the next process
//! or a closed port. If the kernel allows that to root alone, other machines find the port closed at once instead.

use std::net::TcpListener;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

/// The target of log events: that of the module before it was moved, as logs are filtered by it.
const LOG_TARGET: &str = "shared::server::door";
/// How long the backlog is accepted after new connections are dropped.
const BACKLOG_DRAIN: Duration = Duration::from_millis(200);
/// How long after that the server waits for the first byte of silent connections: on a busy machine it takes a while. With
/// [`BACKLOG_DRAIN`] it is less than a second, so that a client retransmits its SYN once.
const SILENT_CONNECTION_GRACE: Duration = Duration::from_millis(600);

/// Stops the accepting of connections, by a duplicate of the listening socket.
pub(super) struct AcceptGate {
    listener: TcpListener,
    silent: TaskTracker,
}

impl AcceptGate {
    /// A gate of this listener. `silent` tracks the connections without a first request.
    pub(super) fn of(listener: &TcpListener, silent: TaskTracker) -> std::io::Result<Self> {
        Ok(Self { listener: listener.try_clone()?, silent })
    }

    /// Drops new connections, and waits until each accepted one has sent its first byte, up to the grace. The server should stop
    /// then, which closes idle connections at once.
    pub(super) async fn close(self) {
        let closing = drop_syn_segments(&self.listener).or_else(|error| {
            tracing::debug!(target: LOG_TARGET, %error, "nobody can be made to knock again");
            accept_loopback_only(&self.listener)
        });
        if let Err(error) = closing {
            tracing::debug!(target: LOG_TARGET, %error, "the door is closed at once");
            return;
        }
        sleep(BACKLOG_DRAIN).await;
        self.silent.close();
        if timeout(SILENT_CONNECTION_GRACE, self.silent.wait()).await.is_err() {
            tracing::debug!(target: LOG_TARGET, silent = self.silent.len(), "connections are closed that have said nothing");
        }
    }
}

/// Attaches a BPF filter to the socket (Linux' `SO_ATTACH_FILTER`) that drops segments without ACK: a SYN. Accepted connections
/// inherit the filter, and all of their segments have ACK.
#[cfg(target_os = "linux")]
fn drop_syn_segments(listener: &TcpListener) -> std::io::Result<()> {
    use socket2::{SockFilter, SockRef};
    const LOAD_BYTE: u16 = 0x30;
    const JUMP_IF_SET: u16 = 0x45;
    const RETURN: u16 = 0x06;
    /// The offset of TCP's flags (RFC 9293, 3.1), and the flag ACK.
    const FLAGS: u32 = 13;
    const ACK: u32 = 0x10;
    SockRef::from(listener).attach_filter(&[
        SockFilter::new(LOAD_BYTE, 0, 0, FLAGS),
        SockFilter::new(JUMP_IF_SET, 0, 1, ACK),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
        SockFilter::new(RETURN, 0, 0, 0),
    ])
}

/// Binds the socket to loopback (Linux' `SO_BINDTODEVICE`). Handshakes that have begun are completed.
#[cfg(target_os = "linux")]
fn accept_loopback_only(listener: &TcpListener) -> std::io::Result<()> {
    socket2::SockRef::from(listener).bind_device(Some(b"lo"))
}

#[cfg(not(target_os = "linux"))]
fn drop_syn_segments(_: &TcpListener) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
fn accept_loopback_only(_: &TcpListener) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
