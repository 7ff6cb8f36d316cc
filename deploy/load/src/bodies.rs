//! Large bodies that do not come to their end: all but the last byte at once, and then nothing but a byte now and then.

use crate::figures::Report;
use crate::memory::WatchedTarget;
use crate::traffic::{Failure, Traffic};
use clap::Args;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

/// Between two bytes of a body that is held.
const TRICKLE_INTERVAL: Duration = Duration::from_secs(5);
const PIECE_BYTES: usize = 0x1_0000;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    watched: WatchedTarget,
    /// How many at once.
    #[arg(long, default_value_t = 60)]
    bodies: usize,
    /// Bytes that each announces.
    #[arg(long, default_value_t = 16 << 20)]
    bytes: usize,
    /// How long they are held.
    #[arg(long, default_value_t = 15)]
    seconds: u64,
}

/// Whether the memory stays within its bound: for a route that asks for no token, and for one that takes large bodies.
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
        let watch = options.watched.programs.watch()?;
        let answers = send(options, &head).await?;
        report.tell(&format!("{} bodies to {path}", options.bodies), format!("{answers:?}"));
        watch.report(&mut report).await?;
    }
    Ok(report.is_well())
}

async fn send(options: &Options, head: &str) -> Result<BTreeMap<String, usize>, Failure> {
    let address = options.watched.target.address()?;
    let until = Instant::now() + Duration::from_secs(options.seconds);
    let mut all = JoinSet::new();
    for _ in 0..options.bodies {
        all.spawn_local(hold(address, head.to_owned(), options.bytes, until));
    }
    let mut answers = BTreeMap::new();
    for answer in all.join_all().await {
        *answers.entry(answer).or_default() += 1;
    }
    Ok(answers)
}

/// Sends a body and never its last bytes; what was answered by then.
async fn hold(address: SocketAddr, head: String, bytes: usize, until: Instant) -> String {
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
