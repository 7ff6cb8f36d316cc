//! Large pages that are read at once.

use crate::connection::{RequestTemplate, send};
use crate::figures::{Report, ms, percentile};
use crate::memory::{LargePage, WatchedTarget};
use crate::traffic::{Failure, Traffic};
use clap::Args;
use std::collections::BTreeMap;
use tokio::task::JoinSet;
use tokio::time::Instant;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    watched: WatchedTarget,
    /// How many at once.
    #[arg(long, default_value_t = 200)]
    pages: usize,
    #[command(flatten)]
    page: LargePage,
}

/// Whether the memory stays within its bound, and each is answered, or told to come again.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let address = options.watched.target.address()?;
    let traffic = Traffic::prepare(options.watched.target.base()).await?;
    let page = RequestTemplate::get(&traffic.fill(options.page.mebibytes).await?, traffic.token())?;
    let mut report = Report::new();
    let watch = options.watched.programs.watch()?;
    let mut all = JoinSet::new();
    for _ in 0..options.pages {
        let page = page.clone();
        all.spawn_local(async move {
            let begun = Instant::now();
            let answer = send(&mut None, address, &page).await;
            (answer.map_or_else(|why| why.to_string(), |status| status.as_str().to_owned()), begun.elapsed())
        });
    }
    let (mut answers, mut took) = (BTreeMap::<String, usize>::new(), Vec::new());
    for (answer, time) in all.join_all().await {
        *answers.entry(answer).or_default() += 1;
        took.push(time);
    }
    let of = |status: &str| answers.get(status).copied().unwrap_or_default();
    let (read, refused) = (of("200"), of("503"));
    report.tell(
        &format!("{} pages of {} MiB, the last after", options.pages, options.page.mebibytes),
        ms(percentile(&took, 100)),
    );
    let is_answered = read > 0 && read + refused == options.pages;
    report.hold("their answers", format!("{answers:?}"), "200 or 503", is_answered);
    watch.report(&mut report).await?;
    Ok(report.is_well())
}
