//! Readers beside connections that do nothing, and others whose heads come a byte now and then.

use crate::connection::{Connection, RequestTemplate};
use crate::figures::{Report, ms, ratio};
use crate::probe::{self, Readers};
use crate::process::resident;
use crate::traffic::Failure;
use clap::Args;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How long readers run without the connections, and again beside them.
const READ_DURATION: Duration = Duration::from_secs(20);
/// Between two bytes of a slow head. It takes longer than a head may, so that it begins anew when it was broken off.
const TRICKLE_INTERVAL: Duration = Duration::from_millis(900);
const HEAD: &[u8] = b"GET /livez HTTP/1.1\r\nHost: banyan\r\nX-Slow: a value that takes its time\r\n";

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    reads: probe::Options,
    /// Connections that do nothing, after one request each.
    #[arg(long, default_value_t = 5000)]
    idle: usize,
    /// Connections on which a head comes slowly.
    #[arg(long, default_value_t = 500)]
    slow: usize,
    /// The gateway's process, for its memory.
    #[arg(long)]
    pid: u32,
}

/// Whether the others notice little of it.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let address = options.reads.target.address()?;
    let readers = Readers::prepare(&options.reads).await?;
    let mut report = Report::new();
    // The first ones find nothing ready.
    readers.read(Duration::from_secs(2)).await?;
    let memory = resident(options.pid)?;
    let without = readers.read(READ_DURATION).await?;
    report.tell(&format!("{} reads/s alone", options.reads.rate), without.tell());

    let idle = open_idle(address, options.idle).await?;
    let mut slow = JoinSet::new();
    for number in 0..options.slow {
        slow.spawn_local(send_slowly(address, number));
    }
    let beside = readers.read(READ_DURATION).await?;
    let more = resident(options.pid)?.saturating_sub(memory);
    let still = idle.iter().filter(|connection| connection.is_open()).count();
    report.tell(&format!("beside {} idle and {} slow", options.idle, options.slow), beside.tell());
    report.tell("idle connections that are still open", format!("{still} of {}", options.idle));
    report.tell("memory of the gateway", format!("{} MiB more", more >> 20));
    let times = ratio(beside.p99(), without.p99());
    let figure = format!("{times:.2} times ({})", ms(beside.p99()));
    report.hold("p99 to what it is alone", figure, "2 times", times <= 2.0);
    slow.shutdown().await;
    Ok(report.is_well())
}

/// A connection is idle after a request; without one it would be a slow head.
async fn open_idle(address: SocketAddr, count: usize) -> Result<Vec<Connection>, Failure> {
    let template = RequestTemplate::get("/livez", "")?;
    let mut lines = Vec::with_capacity(count);
    for _ in 0..count {
        let mut connection = Connection::open(address).await.map_err(|why| Failure::new(why.to_string()))?;
        connection.send(&template).await.map_err(|why| Failure::new(why.to_string()))?;
        lines.push(connection);
    }
    Ok(lines)
}

/// Sends a head byte by byte, again and again, each on a connection of its own.
async fn send_slowly(address: SocketAddr, number: usize) {
    // Not all at the same moment.
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
