//! Large request bodies without their ends: nearly all of a body at once, then single bytes at long intervals.

use crate::failure::Failure;
use crate::figures::Report;
use crate::memory::WatchedTarget;
use crate::traffic::Traffic;
use clap::Args;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

/// The interval between two of the single bytes.
const TRICKLE_INTERVAL: Duration = Duration::from_secs(5);
const PIECE_BYTES: usize = 0x1_0000;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    watched: WatchedTarget,
    /// The number of concurrent bodies.
    #[arg(long, default_value_t = 60)]
    bodies: usize,
    /// The `Content-Length` of each.
    #[arg(long, default_value_t = 16 << 20)]
    bytes: usize,
    /// How long the connections stay open, in seconds.
    #[arg(long, default_value_t = 15)]
    seconds: u64,
}

/// Runs the load on a route without authentication, and on one with large bodies. Returns whether the memory stays within its bound.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let traffic = Traffic::prepare(options.watched.target.base()).await?;
    let authorization = format!("Authorization: Bearer {}\r\n", traffic.token());
    let mut report = Report::new();
    for (path, authorization) in
        [("/api/v1/auth/refresh", ""), ("/api/v1/messages/add-message", authorization.as_str())]
    {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: banyan\r\n{authorization}Content-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{{\"a\":\"",
            options.bytes
        );
        let sampler = options.watched.programs.start_sampling()?;
        let answers = send_all(options, &head).await?;
        report.print(&format!("{} bodies to {path}", options.bodies), format!("{answers:?}"));
        sampler.report(&mut report).await?;
    }
    Ok(report.has_passed())
}

async fn send_all(options: &Options, head: &str) -> Result<BTreeMap<String, usize>, Failure> {
    let address = options.watched.target.address()?;
    let until = Instant::now() + Duration::from_secs(options.seconds);
    let mut all = JoinSet::new();
    for _ in 0..options.bodies {
        all.spawn_local(send_unfinished(address, head.to_owned(), options.bytes, until));
    }
    let mut answers = BTreeMap::new();
    for answer in all.join_all().await {
        *answers.entry(answer).or_default() += 1;
    }
    Ok(answers)
}

/// Sends a body without its last bytes. Returns the status of the response, or what happened instead.
async fn send_unfinished(address: SocketAddr, head: String, bytes: usize, until: Instant) -> String {
    let Ok(stream) = TcpStream::connect(address).await else { return "not connected".to_owned() };
    let (mut input, mut output) = stream.into_split();
    let sending = trickle(&mut output, &head, bytes);
    let mut status_line = vec![0; 12];
    let answered = async { input.read_exact(&mut status_line).await };
    let answered = timeout_at(until, async {
        tokio::pin!(answered, sending);
        tokio::select! {
            answer = &mut answered => answer.map(drop),
            _ = &mut sending => answered.await.map(drop),
        }
    });
    match answered.await {
        Err(_) => "held to the end".to_owned(),
        Ok(Err(_)) => "broken off".to_owned(),
        Ok(Ok(())) => String::from_utf8_lossy(status_line.get(9..).unwrap_or_default()).into_owned(),
    }
}

async fn trickle(output: &mut OwnedWriteHalf, head: &str, bytes: usize) -> std::io::Result<()> {
    let piece = vec![b' '; PIECE_BYTES];
    output.write_all(head.as_bytes()).await?;
    for _ in 0..(bytes / PIECE_BYTES).saturating_sub(1) {
        output.write_all(&piece).await?;
    }
    loop {
        sleep(TRICKLE_INTERVAL).await;
        output.write_all(b" ").await?;
    }
}
