//! A steady load on a running Banyan.
//!
//! Prints the counts of responses each second, and at the end whether a message was lost or stored twice.

use crate::failure::Failure;
use crate::response_counts::{FailureCounts, ResponseCounts};
use crate::traffic::Traffic;
use clap::Args;
use reqwest::Url;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The base URL of Banyan, such as <http://127.0.0.1:8000>.
    base: Url,
    /// Requests a second, sent whether earlier ones are answered or not.
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// The duration of the run, in seconds.
    #[arg(long, default_value_t = 20)]
    seconds: u32,
    /// The percentage of requests that append a message; the others read.
    #[arg(long, default_value_t = 20)]
    posts: u32,
    /// Failed POSTs do not fail the run: for a run in which a replica is killed.
    #[arg(long)]
    posts_may_fail: bool,
    /// Refused connections do not fail the run: for a run in which the only gateway restarts.
    #[arg(long)]
    may_be_refused: bool,
}

impl Options {
    fn allows(&self, reads: FailureCounts, writes: FailureCounts) -> bool {
        let refused = reads.refused + writes.refused;
        let writes = if self.posts_may_fail { 0 } else { writes.on_connection };
        (refused == 0 || self.may_be_refused) && reads.on_connection + writes == 0
    }
}

/// Runs the load. Returns whether the stored messages are consistent, and every failure is one that an option allows.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let traffic = Arc::new(Traffic::prepare(options.base.clone()).await?);
    let response_counts = Arc::new(ResponseCounts::default());
    let mut requests = JoinSet::new();
    let mut ticks = interval(Duration::from_secs(1) / options.rate.max(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let each_second = tokio::spawn(print_each_second(Arc::clone(&response_counts)));
    for number in 0..options.rate * options.seconds {
        ticks.tick().await;
        let (traffic, response_counts) = (Arc::clone(&traffic), Arc::clone(&response_counts));
        let is_write = number % 100 < options.posts;
        requests.spawn(async move { response_counts.add(traffic.send(number, is_write).await) });
    }
    requests.join_all().await;
    each_second.abort();
    println!("{}", response_counts.summary());
    let stored = traffic.verify_stored().await?;
    println!("{stored}");
    Ok(options.allows(response_counts.failed_reads(), response_counts.failed_writes())
        && stored.is_consistent())
}

async fn print_each_second(response_counts: Arc<ResponseCounts>) {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.tick().await;
    for second in 1_u32.. {
        seconds.tick().await;
        println!("{second:>4} s: {}", response_counts.take_second());
    }
}
