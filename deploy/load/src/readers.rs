//! Clients that request a large page, and do not read the response.

use crate::failure::Failure;
use crate::figures::Report;
use crate::memory::{LargePage, WatchedTarget};
use crate::traffic::Traffic;
use clap::Args;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::sleep;

/// The receive buffer of a client, in bytes.
const RECEIVE_BUFFER_BYTES: u32 = 4096;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    watched: WatchedTarget,
    /// The number of clients.
    #[arg(long, default_value_t = 100)]
    readers: usize,
    #[command(flatten)]
    page: LargePage,
    /// How long the connections stay open, in seconds.
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Whether the clients accept gzip.
    #[arg(long)]
    gzip: bool,
}

/// Runs the load. Returns whether the memory stays within its bound.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let traffic = Traffic::prepare(options.watched.target.base()).await?;
    let path = traffic.append_large(options.page.mebibytes).await?;
    let accept = if options.gzip { "Accept-Encoding: gzip\r\n" } else { "" };
    let token = traffic.token();
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: banyan\r\n{accept}Authorization: Bearer {token}\r\n\r\n");
    let mut report = Report::new();
    let sampler = options.watched.programs.start_sampling()?;
    let mut connections = Vec::new();
    for _ in 0..options.readers {
        connections
            .push(request_page(options, &head).await.map_err(|error| Failure::new(error.to_string()))?);
    }
    sleep(Duration::from_secs(options.seconds)).await;
    let what = format!("{} who do not read {} MiB", options.readers, options.page.mebibytes);
    report.print(&what, format!("for {} s", options.seconds));
    drop(connections);
    sampler.report(&mut report).await?;
    Ok(report.has_passed())
}

async fn request_page(options: &Options, head: &str) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    let address =
        options.watched.target.address().map_err(|error| std::io::Error::other(error.to_string()))?;
    let mut stream = socket.connect(address).await?;
    stream.write_all(head.as_bytes()).await?;
    Ok(stream)
}
