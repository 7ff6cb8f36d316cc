//! Concurrent reads of large pages.

use crate::connection::{RequestTemplate, send};
use crate::failure::Failure;
use crate::figures::{Report, ms, percentile};
use crate::memory::{LargePage, WatchedTarget};
use crate::traffic::Traffic;
use clap::Args;
use std::collections::BTreeMap;
use tokio::task::JoinSet;
use tokio::time::Instant;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    watched: WatchedTarget,
    /// The number of concurrent reads.
    #[arg(long, default_value_t = 200)]
    pages: usize,
    #[command(flatten)]
    page: LargePage,
}

/// Runs the load. Returns whether the memory stays within its bound, and each response is a 200 or a 503.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let address = options.watched.target.address()?;
    let traffic = Traffic::prepare(options.watched.target.base()).await?;
    let page = RequestTemplate::get(&traffic.append_large(options.page.mebibytes).await?, traffic.token())?;
    let mut report = Report::new();
    let sampler = options.watched.programs.start_sampling()?;
    let mut all = JoinSet::new();
    for _ in 0..options.pages {
        let page = page.clone();
        all.spawn_local(async move {
            let started = Instant::now();
            let answer = send(&mut None, address, &page).await;
            (
                answer.map_or_else(|why| why.to_string(), |status| status.as_str().to_owned()),
                started.elapsed(),
            )
        });
    }
    let (mut answers, mut latencies) = (BTreeMap::<String, usize>::new(), Vec::new());
    for (answer, time) in all.join_all().await {
        *answers.entry(answer).or_default() += 1;
        latencies.push(time);
    }
    let count = |status: &str| answers.get(status).copied().unwrap_or_default();
    let (read, refused) = (count("200"), count("503"));
    report.print(
        &format!("{} pages of {} MiB, the last after", options.pages, options.page.mebibytes),
        ms(percentile(&latencies, 100)),
    );
    let is_answered = read > 0 && read + refused == options.pages;
    report.check("their answers", format!("{answers:?}"), "200 or 503", is_answered);
    sampler.report(&mut report).await?;
    Ok(report.has_passed())
}
