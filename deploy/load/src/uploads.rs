//! Many large bodies at once, for a service that reads them slowly.

use crate::capacity::{Target, stand_in_token};
use crate::connection::{RequestTemplate, send};
use crate::figures::{Report, ms, percentile};
use crate::process::resident;
use crate::traffic::Failure;
use clap::Args;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep};

/// The sampling interval.
const SAMPLING_INTERVAL: Duration = Duration::from_millis(10);
/// Small uploads before the measurement.
const WARM_UP_UPLOADS: usize = 20;
/// The most added memory.
const MAX_ADDED_BYTES: u64 = 64 << 20;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: Target,
    /// How many at once.
    #[arg(long, default_value_t = 100)]
    uploads: usize,
    /// Bytes of each.
    #[arg(long, default_value_t = 5_000_000)]
    bytes: usize,
    /// The process whose memory is looked at.
    #[arg(long)]
    pid: u32,
}

/// Whether the memory stays within its bound. What is uploaded goes to a stand-in, which looks at none of it.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let address = options.target.address()?;
    let token = stand_in_token()?;
    let path = "/api/v1/messages/add-message";
    let one = RequestTemplate::post(path, &token, "{}".to_owned())?;
    let large = RequestTemplate::post(path, &token, " ".repeat(options.bytes))?;
    // So that the cost of first requests is not counted.
    upload_all(address, &one, WARM_UP_UPLOADS).join_all().await;
    sleep(Duration::from_secs(1)).await;
    let before = resident(options.pid)?;
    let mut uploads = upload_all(address, &large, options.uploads);
    let mut most = before;
    let (mut answers, mut took) = (BTreeMap::<String, usize>::new(), Vec::new());
    let mut samples = interval(SAMPLING_INTERVAL);
    loop {
        tokio::select! {
            _ = samples.tick() => most = most.max(resident(options.pid)?),
            done = uploads.join_next() => match done {
                Some(done) => {
                    let (answer, time) = done.map_err(|error| Failure::new(error.to_string()))?;
                    *answers.entry(answer).or_default() += 1;
                    took.push(time);
                }
                None => break,
            },
        }
    }
    let mut report = Report::new();
    report.tell(&format!("{} uploads of {} bytes", options.uploads, options.bytes), format!("{answers:?}"));
    report.tell("the last one took", ms(percentile(&took, 100)));
    report.tell("memory of the gateway before", format!("{} MiB", before >> 20));
    let more = most.saturating_sub(before);
    report.hold("at most meanwhile", format!("{} MiB more", more >> 20), "64 MiB", more < MAX_ADDED_BYTES);
    Ok(report.is_well())
}

/// Sends uploads at once, each on a connection of its own. Returns each response with its latency.
fn upload_all(address: SocketAddr, upload: &RequestTemplate, count: usize) -> JoinSet<(String, Duration)> {
    let mut uploads = JoinSet::new();
    for _ in 0..count {
        let upload = upload.clone();
        uploads.spawn_local(async move {
            let begun = Instant::now();
            let answer = send(&mut None, address, &upload).await;
            (answer.map_or_else(|why| why.to_string(), |status| status.to_string()), begun.elapsed())
        });
    }
    uploads
}
