//! A steady load on a running Banyan.
//!
//! Says each second what came back, and at the end whether a message was lost or made twice.

use crate::response_counts::{Failed, ResponseCounts};
use crate::traffic::{Failure, Traffic};
use clap::Args;
use reqwest::Url;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where it runs, such as <http://127.0.0.1:8000>.
    base: Url,
    /// Requests a second, whether the ones before were answered or not.
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// For how long.
    #[arg(long, default_value_t = 20)]
    seconds: u32,
    /// How many of a hundred requests append a message; the others read.
    #[arg(long, default_value_t = 20)]
    posts: u32,
    /// A POST that fails is no failure of the run, as when the one that works on it is killed.
    #[arg(long)]
    posts_may_fail: bool,
    /// A request that nobody took is no failure of the run, as when the only gateway is started anew.
    #[arg(long)]
    may_be_refused: bool,
}

impl Options {
    fn excuses(&self, reads: Failed, writes: Failed) -> bool {
        let refused = reads.refused + writes.refused;
        let writes = if self.posts_may_fail { 0 } else { writes.taken };
        (refused == 0 || self.may_be_refused) && reads.taken + writes == 0
    }
}

/// Whether all is well: whether nothing was lost, and nothing failed that no option excuses.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let traffic = Arc::new(Traffic::prepare(options.base.clone()).await?);
    let response_counts = Arc::new(ResponseCounts::default());
    let mut requests = JoinSet::new();
    let mut ticks = interval(Duration::from_secs(1) / options.rate.max(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let each_second = tokio::spawn(say_each_second(Arc::clone(&response_counts)));
    for number in 0..options.rate * options.seconds {
        ticks.tick().await;
        let (traffic, response_counts) = (Arc::clone(&traffic), Arc::clone(&response_counts));
        let posts = number % 100 < options.posts;
        requests.spawn(async move { response_counts.add(traffic.send(number, posts).await) });
    }
    requests.join_all().await;
    each_second.abort();
    println!("{}", response_counts.summary());
    let kept = traffic.look_again().await?;
    println!("{kept}");
    Ok(options.excuses(response_counts.failed_reads(), response_counts.failed_writes()) && kept.is_right())
}

async fn say_each_second(response_counts: Arc<ResponseCounts>) {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.tick().await;
    for second in 1_u32.. {
        seconds.tick().await;
        println!("{second:>4} s: {}", response_counts.take_second());
    }
}
