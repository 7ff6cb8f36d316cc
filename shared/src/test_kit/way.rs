//! A way to a server that a test can cut and mend.

use reqwest::Url;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Passes connections on to a server, until it is cut.
#[derive(Debug)]
pub struct Way {
    address: String,
    server: String,
    open: CancellationToken,
}

impl Way {
    /// A way to the server of `url` that is cut at first, and the URL by which it is used.
    ///
    /// # Panics
    /// Where `url` names no host and port.
    pub async fn cut_off_from(url: &Url) -> (Self, Url) {
        let server = format!("{}:{}", url.host_str().expect("a host"), url.port().expect("a port"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut through = url.clone();
        through.set_host(Some("127.0.0.1")).expect("a URL with a host");
        through.set_port(Some(address.port())).expect("a URL with a port");
        let way = Self { address: address.to_string(), server, open: CancellationToken::new() };
        way.open.cancel();
        (way, through)
    }

    /// Ends all connections, and refuses new ones.
    pub fn cut(&self) {
        self.open.cancel();
    }

    /// Takes connections again.
    ///
    /// # Panics
    /// Never: a task of its own does, where the server is not there.
    pub async fn mend(&mut self) {
        let listener = loop {
            match TcpListener::bind(&self.address).await {
                Ok(listener) => break listener,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        self.open = CancellationToken::new();
        let (server, open) = (self.server.clone(), self.open.clone());
        tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Some(Ok((mut client, _))) = open.run_until_cancelled(listener.accept()).await {
                let server = server.clone();
                connections.spawn(async move {
                    let mut server = TcpStream::connect(server).await.expect("the server is there");
                    drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
                });
            }
            connections.shutdown().await;
        });
    }
}
