//! Clients that ask for a large page, and take nothing of it.

use crate::figures::Report;
use crate::memory::{LargePage, WatchedTarget};
use crate::traffic::{Failure, Traffic};
use clap::Args;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::sleep;

/// What the kernel keeps for one who does not read.
const RECEIVE_BUFFER_BYTES: u32 = 4096;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    watched: WatchedTarget,
    /// How many of them.
    #[arg(long, default_value_t = 100)]
    readers: usize,
    #[command(flatten)]
    page: LargePage,
    /// How long they stay.
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Whether they ask for gzip.
    #[arg(long)]
    gzip: bool,
}

/// Whether the memory stays within its bound.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let traffic = Traffic::prepare(options.watched.target.base()).await?;
    let path = traffic.fill(options.page.mebibytes).await?;
    let accept = if options.gzip { "Accept-Encoding: gzip\r\n" } else { "" };
    let token = traffic.token();
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: banyan\r\n{accept}Authorization: Bearer {token}\r\n\r\n");
    let mut report = Report::new();
    let watch = options.watched.programs.watch()?;
    let mut readers = Vec::new();
    for _ in 0..options.readers {
        readers.push(ask(options, &head).await.map_err(|error| Failure::new(error.to_string()))?);
    }
    sleep(Duration::from_secs(options.seconds)).await;
    let what = format!("{} who do not read {} MiB", options.readers, options.page.mebibytes);
    report.tell(&what, format!("for {} s", options.seconds));
    drop(readers);
    watch.report(&mut report).await?;
    Ok(report.is_well())
}

async fn ask(options: &Options, head: &str) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    let address =
        options.watched.target.address().map_err(|error| std::io::Error::other(error.to_string()))?;
    let mut stream = socket.connect(address).await?;
    stream.write_all(head.as_bytes()).await?;
    Ok(stream)
}
