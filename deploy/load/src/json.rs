//! Readers beside objects of a million members that nobody knows, which anyone can send.

use crate::connection::{RequestTemplate, send};
use crate::figures::{Report, ms, percentile};
use crate::probe::{self, Readers};
use crate::traffic::{Failure, Traffic};
use clap::Args;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep};

/// How long it is read alone, and how long beside each kind of object.
const READ_DURATION: Duration = Duration::from_secs(8);
/// Between two objects.
const SEND_INTERVAL: Duration = Duration::from_millis(500);
/// How long a read may take at most.
const MAX_READ_LATENCY: Duration = Duration::from_millis(300);

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    reads: probe::Options,
    /// Bytes of an object.
    #[arg(long, default_value_t = 16 << 20)]
    bytes: usize,
}

/// Whether the readers notice little of it.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let address = options.reads.target.address()?;
    let readers = Readers::prepare(&options.reads).await?;
    let traffic = Traffic::prepare(options.reads.target.base()).await?;
    let mut report = Report::new();
    report.tell(&format!("{} reads/s alone", options.reads.rate), readers.read(READ_DURATION).await?.tell());
    let many = members(options.bytes);
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
        let (answers, took) = objects.await.map_err(|error| Failure::new(error.to_string()))?;
        let most = ms(percentile(&took, 100));
        report
            .tell(&format!("{} MiB of {what}", options.bytes >> 20), format!("{answers:?}, at most {most}"));
        report.tell("  reads beside them", beside.tell());
        let worst = beside.worst();
        report.hold("  the slowest read", ms(worst), "300 ms", worst <= MAX_READ_LATENCY);
    }
    Ok(report.is_well())
}

/// An object of as many members as that gives, each of another name.
fn members(bytes: usize) -> String {
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
    let (mut answers, mut took) = (BTreeMap::<String, usize>::new(), Vec::new());
    while Instant::now() < until {
        let begun = Instant::now();
        let answer = send(&mut None, address, &object).await;
        let answer = answer.map_or_else(|why| why.to_string(), |status| status.as_str().to_owned());
        *answers.entry(answer).or_default() += 1;
        took.push(begun.elapsed());
        sleep(SEND_INTERVAL).await;
    }
    (answers, took)
}
