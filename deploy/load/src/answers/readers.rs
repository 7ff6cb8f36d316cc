//! Many readers of one run, who must all read the same bytes.

use super::asker::{Asker, stream_client};
use crate::failure::Failure;
use crate::figures::{Report, ms, percentile};
use crate::footprint::Footprint;
use crate::memory::Programs;
use clap::Args;
use reqwest::{RequestBuilder, Url};
use serde_json::json;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// The pause of the model between two words.
const WORD_PAUSE_MS: u32 = 20;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The base URL of the gateway, such as <http://127.0.0.1:8000>.
    base: Url,
    #[command(flatten)]
    programs: Programs,
    /// The number of readers.
    #[arg(long, default_value_t = 1000)]
    readers: usize,
    /// The duration of the run, in seconds.
    #[arg(long, default_value_t = 20)]
    seconds: u32,
}

/// A stream as it was read: its bytes, and when the last of them had come.
struct Reading {
    bytes: Vec<u8>,
    ended: Instant,
}

/// Runs the load. Returns whether all readers have read the same.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let asker = Asker::register(&stream_client()?, &options.base).await?;
    let words = options.seconds * 1_000 / WORD_PAUSE_MS;
    let question = format!("[[delay:{WORD_PAUSE_MS}]][[repeat:{words}]] banyan");
    let before = Footprint::of(&options.programs)?;
    let started = Instant::now();
    let question =
        json!({"chat_id": asker.create_chat().await?, "question": question, "model": "banyan/echo"});
    let answer = asker.ask(&question).await?;
    let mut readers = JoinSet::new();
    for _ in 0..options.readers {
        readers.spawn_local(read(asker.follow(&answer)?));
    }
    sleep(Duration::from_secs(options.seconds.into()) / 2).await;
    let during = Footprint::of(&options.programs)?;
    let mut readings = Vec::new();
    for reading in readers.join_all().await {
        readings.push(reading?);
    }
    let mut report = Report::new();
    let length = readings.first().map_or(0, |first| first.bytes.len());
    let identical =
        readings.iter().filter(|reading| Some(&reading.bytes) == readings.first().map(|first| &first.bytes));
    let figure = format!("{} of {}, each {length} bytes", identical.clone().count(), options.readers);
    let are_complete = readings.iter().all(|reading| is_complete(&reading.bytes));
    let is_reached = identical.count() == options.readers && are_complete;
    report.check("readers who have read the same, to the end", figure, "all", is_reached);
    let ends: Vec<_> = readings.iter().map(|reading| reading.ended - started).collect();
    let [first, last] = [0, 100].map(|percent| ms(percentile(&ends, percent)));
    report.print("the first and the last of them were done after", format!("{first} and {last}"));
    before.print_growth(&during, &options.programs, &report);
    Ok(report.has_passed())
}

async fn read(request: RequestBuilder) -> Result<Reading, Failure> {
    let bytes = request.send().await?.error_for_status()?.bytes().await?.to_vec();
    Ok(Reading { bytes, ended: Instant::now() })
}

/// Whether a stream has its last event.
fn is_complete(stream: &[u8]) -> bool {
    String::from_utf8_lossy(stream).contains("\nevent: done\n")
}
