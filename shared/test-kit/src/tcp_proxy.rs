//! A TCP proxy to a server, which a test disconnects and reconnects, and an address that refuses connections.

use reqwest::Url;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock};
use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The listen backlog.
const BACKLOG: u32 = 1024;

static UNREACHABLE: LazyLock<TcpSocket> = LazyLock::new(reserve_port);

/// A bound socket that never listens: connections to its port are refused, and until it is dropped nobody gets the port by chance,
/// as happens to one that was merely free. A server that sets `SO_REUSEADDR` may listen on it.
///
/// # Panics
/// If no port is free.
pub fn reserve_port() -> TcpSocket {
    bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a port")
}

/// A URL whose port refuses connections for as long as the process lives.
///
/// # Panics
/// If no port is free.
pub fn unreachable_url() -> Url {
    let address = UNREACHABLE.local_addr().expect("an address");
    format!("http://{address}").parse().expect("a URL")
}

/// A TCP proxy on a port of its own.
#[derive(Debug)]
pub struct TcpProxy {
    address: SocketAddr,
    server: Arc<[SocketAddr]>,
    open: CancellationToken,
    /// The task of the listener and the connections.
    passing: JoinSet<()>,
    /// The port's while the proxy is disconnected.
    _reserved: TcpSocket,
}

impl TcpProxy {
    /// A disconnected proxy to the server of `url`, and its own URL.
    ///
    /// # Panics
    /// If `url` has no port, or its host is not found.
    pub async fn disconnected(url: &Url) -> (Self, Url) {
        let server = format!("{}:{}", url.host_str().expect("a host"), url.port().expect("a port"));
        let server = lookup_host(server).await.expect("the host is found").collect();
        let reserved = reserve_port();
        let address = reserved.local_addr().expect("an address");
        let mut url_of_proxy = url.clone();
        url_of_proxy.set_host(Some("127.0.0.1")).expect("a URL with a host");
        url_of_proxy.set_port(Some(address.port())).expect("a URL with a port");
        let open = CancellationToken::new();
        open.cancel();
        (Self { address, server, open, passing: JoinSet::new(), _reserved: reserved }, url_of_proxy)
    }

    /// Closes all connections, and refuses new ones.
    pub fn disconnect(&self) {
        self.open.cancel();
    }

    /// Accepts connections again, once the former ones are closed.
    ///
    /// # Panics
    /// If the test listens on the port itself. If the server is down, a task of the proxy panics.
    pub async fn reconnect(&mut self) {
        self.disconnect();
        while self.passing.join_next().await.is_some() {}
        let listener =
            bind(self.address).and_then(|socket| socket.listen(BACKLOG)).expect("the proxy's own port");
        self.open = CancellationToken::new();
        self.passing.spawn(forward(listener, Arc::clone(&self.server), self.open.clone()));
    }
}

/// Binds a port beside other sockets, none of which listens.
fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn forward(listener: TcpListener, server: Arc<[SocketAddr]>, open: CancellationToken) {
    let mut connections = JoinSet::new();
    while let Some(Ok((mut client, _))) = open.run_until_cancelled(listener.accept()).await {
        let server = Arc::clone(&server);
        connections.spawn(async move {
            let mut server = TcpStream::connect(&*server).await.expect("the server is there");
            drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
        });
    }
    drop(listener);
    connections.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;
    use tokio::io::AsyncReadExt as _;

    #[tokio::test]
    async fn a_proxy_keeps_its_port_while_it_is_disconnected() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", server.local_addr().unwrap()).parse().unwrap();
        let (mut proxy, url_of_proxy) = TcpProxy::disconnected(&url).await;
        let address = proxy.address;
        assert_eq!(url_of_proxy.port(), Some(address.port()));
        for _ in 0..3 {
            let refused = TcpStream::connect(address).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
            assert_taken(address);
            proxy.reconnect().await;
            let mut client = TcpStream::connect(address).await.unwrap();
            server.accept().await.unwrap();
            assert_taken(address);
            proxy.disconnect();
            assert!(matches!(client.read(&mut [0]).await, Ok(0) | Err(_)));
        }
    }

    #[tokio::test]
    async fn an_unreachable_url_stays_so() {
        let address = UNREACHABLE.local_addr().unwrap();
        assert_eq!(unreachable_url().port(), Some(address.port()));
        assert_taken(address);
        let refused = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    }

    /// Asserts that a socket without `SO_REUSEADDR` cannot bind the port.
    fn assert_taken(address: SocketAddr) {
        let taken = TcpSocket::new_v4().unwrap().bind(address).unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AddrInUse);
    }
}
