//! Readers beside idle connections and connections with slow request heads.

use crate::connection::{Connection, RequestTemplate};
use crate::failure::Failure;
use crate::figures::{Report, ms, ratio};
use crate::probe::{self, SteadyReaders};
use crate::process::resident;
use clap::Args;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How long readers run without the connections, and again beside them.
const READ_DURATION: Duration = Duration::from_secs(20);
/// The interval between two bytes of a slow head. The head takes longer than the time-out of a head; the client starts again when the
/// gateway closes the connection.
const TRICKLE_INTERVAL: Duration = Duration::from_millis(900);
const HEAD: &[u8] = b"GET /livez HTTP/1.1\r\nHost: banyan\r\nX-Slow: a value that takes its time\r\n";

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    reads: probe::Options,
    /// The number of idle connections; each has sent one request before.
    #[arg(long, default_value_t = 5000)]
    idle: usize,
    /// The number of connections with slow request heads.
    #[arg(long, default_value_t = 500)]
    slow: usize,
    /// The process id of the gateway, whose memory is measured.
    #[arg(long)]
    pid: u32,
}

/// Runs the load. Returns whether the p99 of the reads stays within twice its value without the connections.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let address = options.reads.target.address()?;
    let readers = SteadyReaders::prepare(&options.reads).await?;
    let mut report = Report::new();
    // The first reads open connections and fill caches.
    readers.read(Duration::from_secs(2)).await?;
    let memory = resident(options.pid)?;
    let without = readers.read(READ_DURATION).await?;
    report.print(&format!("{} reads/s alone", options.reads.rate), without.summary());

    let idle = open_idle(address, options.idle).await?;
    let mut slow = JoinSet::new();
    for number in 0..options.slow {
        slow.spawn_local(send_slowly(address, number));
    }
    let beside = readers.read(READ_DURATION).await?;
    let more = resident(options.pid)?.saturating_sub(memory);
    let open = idle.iter().filter(|connection| connection.is_open()).count();
    report.print(&format!("beside {} idle and {} slow", options.idle, options.slow), beside.summary());
    report.print("idle connections that are still open", format!("{open} of {}", options.idle));
    report.print("memory of the gateway", format!("{} MiB more", more >> 20));
    let times = ratio(beside.p99(), without.p99());
    let figure = format!("{times:.2} times ({})", ms(beside.p99()));
    report.check("p99 to what it is alone", figure, "2 times", times <= 2.0);
    slow.shutdown().await;
    Ok(report.has_passed())
}

/// Opens idle connections. Each sends one request first: without one it would count as a slow head.
async fn open_idle(address: SocketAddr, count: usize) -> Result<Vec<Connection>, Failure> {
    let template = RequestTemplate::get("/livez", "")?;
    let mut connections = Vec::with_capacity(count);
    for _ in 0..count {
        let mut connection = Connection::open(address).await.map_err(|why| Failure::new(why.to_string()))?;
        connection.send(&template).await.map_err(|why| Failure::new(why.to_string()))?;
        connections.push(connection);
    }
    Ok(connections)
}

/// Sends request heads byte by byte, each on a new connection.
async fn send_slowly(address: SocketAddr, number: usize) {
    // The clients start at different times.
    sleep(TRICKLE_INTERVAL / 500 * u32::try_from(number % 500).unwrap_or_default()).await;
    loop {
        let Ok(mut stream) = TcpStream::connect(address).await else {
            sleep(TRICKLE_INTERVAL).await;
            continue;
        };
        for byte in HEAD {
            if stream.write_all(std::slice::from_ref(byte)).await.is_err() {
                break;
            }
            sleep(TRICKLE_INTERVAL).await;
        }
    }
}
