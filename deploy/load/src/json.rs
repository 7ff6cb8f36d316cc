//! Readers beside JSON objects of a million unknown members, which a client without an account can send.

use crate::connection::{RequestTemplate, send};
use crate::failure::Failure;
use crate::figures::{Report, ms, percentile};
use crate::probe::{self, SteadyReaders};
use crate::traffic::Traffic;
use clap::Args;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep};

/// How long readers run alone, and how long beside each kind of object.
const READ_DURATION: Duration = Duration::from_secs(8);
/// The interval between two objects.
const SEND_INTERVAL: Duration = Duration::from_millis(500);
/// The highest latency of a read.
const MAX_READ_LATENCY: Duration = Duration::from_millis(300);

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    reads: probe::Options,
    /// The size of an object, in bytes.
    #[arg(long, default_value_t = 16 << 20)]
    bytes: usize,
}

/// Runs the load. Returns whether the latency of the reads stays within its bound.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let address = options.reads.target.address()?;
    let readers = SteadyReaders::prepare(&options.reads).await?;
    let traffic = Traffic::prepare(options.reads.target.base()).await?;
    let mut report = Report::new();
    report.print(
        &format!("{} reads/s alone", options.reads.rate),
        readers.read(READ_DURATION).await?.summary(),
    );
    let many = object_of_members(options.bytes);
    let deep = options.bytes / 2 - 8;
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(deep), "]".repeat(deep));
    let long = format!("{{\"question\":\"{}\"}}", "\\n".repeat(options.bytes / 2 - 16));
    let login = "/api/v1/auth/login";
    let append = "/api/v1/messages/add-message";
    for (what, path, token, body) in [
        ("members, to login without a token", login, "", &many),
        ("members, to add-message", append, traffic.token(), &many),
        ("nested arrays, to add-message", append, traffic.token(), &deep),
        ("escapes, to add-message", append, traffic.token(), &long),
    ] {
        let object = RequestTemplate::post(path, token, body.clone())?;
        let objects = spawn_local(send_objects(address, object, Instant::now() + READ_DURATION));
        let beside = readers.read(READ_DURATION).await?;
        let (answers, latencies) = objects.await.map_err(|error| Failure::new(error.to_string()))?;
        let max = ms(percentile(&latencies, 100));
        report
            .print(&format!("{} MiB of {what}", options.bytes >> 20), format!("{answers:?}, at most {max}"));
        report.print("  reads beside them", beside.summary());
        let slowest = beside.max();
        report.check("  the slowest read", ms(slowest), "300 ms", slowest <= MAX_READ_LATENCY);
    }
    Ok(report.has_passed())
}

/// A JSON object of about this size, of members with distinct names.
fn object_of_members(bytes: usize) -> String {
    let mut object = String::from("{");
    let mut number = 0;
    while object.len() + 20 < bytes {
        let _ = write!(object, "\"{number:07x}\":1,");
        number += 1;
    }
    object + "\"a\":1}"
}

async fn send_objects(
    address: SocketAddr,
    object: RequestTemplate,
    until: Instant,
) -> (BTreeMap<String, usize>, Vec<Duration>) {
    let (mut answers, mut latencies) = (BTreeMap::<String, usize>::new(), Vec::new());
    while Instant::now() < until {
        let started = Instant::now();
        let answer = send(&mut None, address, &object).await;
        let answer = answer.map_or_else(|why| why.to_string(), |status| status.as_str().to_owned());
        *answers.entry(answer).or_default() += 1;
        latencies.push(started.elapsed());
        sleep(SEND_INTERVAL).await;
    }
    (answers, latencies)
}
