//! Many concurrent large uploads to a service that reads them slowly.

use crate::capacity::{Target, stand_in_token};
use crate::connection::{RequestTemplate, send};
use crate::failure::Failure;
use crate::figures::{Report, ms, percentile};
use crate::process::resident;
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
    /// The number of concurrent uploads.
    #[arg(long, default_value_t = 100)]
    uploads: usize,
    /// The size of each, in bytes.
    #[arg(long, default_value_t = 5_000_000)]
    bytes: usize,
    /// The process id of the gateway, whose memory is measured.
    #[arg(long)]
    pid: u32,
}

/// Runs the load. Returns whether the memory stays within its bound. The stand-in discards the uploads.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let address = options.target.address()?;
    let token = stand_in_token()?;
    let path = "/api/v1/messages/add-message";
    let small = RequestTemplate::post(path, &token, "{}".to_owned())?;
    let large = RequestTemplate::post(path, &token, " ".repeat(options.bytes))?;
    // The memory that the first requests take is not counted.
    upload_all(address, &small, WARM_UP_UPLOADS).join_all().await;
    sleep(Duration::from_secs(1)).await;
    let before = resident(options.pid)?;
    let mut uploads = upload_all(address, &large, options.uploads);
    let mut peak = before;
    let (mut answers, mut latencies) = (BTreeMap::<String, usize>::new(), Vec::new());
    let mut samples = interval(SAMPLING_INTERVAL);
    loop {
        tokio::select! {
            _ = samples.tick() => peak = peak.max(resident(options.pid)?),
            done = uploads.join_next() => match done {
                Some(done) => {
                    let (answer, time) = done.map_err(|error| Failure::new(error.to_string()))?;
                    *answers.entry(answer).or_default() += 1;
                    latencies.push(time);
                }
                None => break,
            },
        }
    }
    let mut report = Report::new();
    report.print(&format!("{} uploads of {} bytes", options.uploads, options.bytes), format!("{answers:?}"));
    report.print("the last one took", ms(percentile(&latencies, 100)));
    report.print("memory of the gateway before", format!("{} MiB", before >> 20));
    let added = peak.saturating_sub(before);
    report.check("at most meanwhile", format!("{} MiB more", added >> 20), "64 MiB", added < MAX_ADDED_BYTES);
    Ok(report.has_passed())
}

/// Sends uploads at once, each on a connection of its own. Returns each response with its latency.
fn upload_all(address: SocketAddr, upload: &RequestTemplate, count: usize) -> JoinSet<(String, Duration)> {
    let mut uploads = JoinSet::new();
    for _ in 0..count {
        let upload = upload.clone();
        uploads.spawn_local(async move {
            let started = Instant::now();
            let answer = send(&mut None, address, &upload).await;
            (answer.map_or_else(|why| why.to_string(), |status| status.to_string()), started.elapsed())
        });
    }
    uploads
}
