//! Readers of pages beside many open streams.

use super::asker::{Asker, stream_client};
use super::event_stream::EventStream;
use crate::failure::Failure;
use crate::figures::{Report, ms, ratio};
use crate::footprint::Footprint;
use crate::memory::Programs;
use crate::probe::{self, SteadyReaders};
use clap::Args;
use serde_json::json;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::JoinSet;

/// The time for which pages are read without the streams, beside them, and once more without.
const READ_DURATION: Duration = Duration::from_secs(20);
/// The streams that are opened at once.
const MAX_OPENING_STREAMS: usize = 50;
/// The time for which the model talks: longer than the measurement.
const ANSWER_SECONDS: u32 = 300;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    reads: probe::Options,
    #[command(flatten)]
    programs: Programs,
    /// The number of streams.
    #[arg(long, default_value_t = 2000)]
    streams: usize,
    /// The number of users who have opened them, in equal parts.
    #[arg(long, default_value_t = 50)]
    users: usize,
    /// The runs of each user, each followed by as many streams.
    #[arg(long, default_value_t = 4)]
    runs: usize,
    /// The pause of the model between two words, in milliseconds.
    #[arg(long, default_value_t = 1000)]
    pause_ms: u32,
}

/// The events that all streams have brought, and how many streams have ended.
#[derive(Debug, Default)]
struct Counts {
    events: Cell<usize>,
    ended: Cell<usize>,
}

/// Runs the load. Returns whether the p99 of the pages stays within twice its value without the streams.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let readers = SteadyReaders::prepare(&options.reads).await?;
    let mut report = Report::new();
    // The first reads open connections and fill caches.
    readers.read(Duration::from_secs(2)).await?;
    let before = Footprint::of(&options.programs)?;
    let without = readers.read(READ_DURATION).await?;
    report.print(&format!("{} reads/s alone", options.reads.rate), without.summary());

    let counts = Rc::new(Counts::default());
    let streams = open_streams(options, &counts).await?;
    let events = counts.events.get();
    let beside = readers.read(READ_DURATION).await?;
    let events = crate::figures::rate(counts.events.get() - events, READ_DURATION);
    let during = Footprint::of(&options.programs)?;
    let what = format!("beside {} streams with {events:.0} events/s", options.streams);
    report.print(&what, beside.summary());
    let open = streams.len() - counts.ended.get();
    report.check(
        "streams that are still open",
        format!("{open} of {}", options.streams),
        "all",
        open == options.streams,
    );
    before.print_growth(&during, &options.programs, &report);
    drop(streams);
    let after = readers.read(READ_DURATION).await?;
    report.print("while all streams are cut off, and after that", after.summary());
    let times = ratio(beside.p99(), without.p99());
    let figure = format!("{times:.2} times ({})", ms(beside.p99()));
    report.check("p99 to what it is alone", figure, "2 times", times <= 2.0);
    Ok(report.has_passed())
}

/// Opens all streams, each of which has brought its first event. Dropping the set closes them.
async fn open_streams(options: &Options, counts: &Rc<Counts>) -> Result<JoinSet<()>, Failure> {
    let http = stream_client()?;
    let mut open = JoinSet::new();
    let words = ANSWER_SECONDS * 1_000 / options.pause_ms.max(1);
    let question = format!("[[delay:{}]][[repeat:{words}]] banyan", options.pause_ms);
    for _ in 0..options.users {
        let asker = Asker::register(&http, &options.reads.target.base()).await?;
        let mut answers = Vec::new();
        for _ in 0..options.runs {
            let chat = asker.create_chat().await?;
            answers.push(
                asker.ask(&json!({"chat_id": chat, "question": question, "model": "banyan/echo"})).await?,
            );
        }
        let mut opening = JoinSet::new();
        for answer in answers.iter().cycle().take(options.streams / options.users.max(1)) {
            if opening.len() == MAX_OPENING_STREAMS {
                hold(opening.join_next().await, &mut open, counts)?;
            }
            opening.spawn_local(open_stream(asker.follow(answer)?));
        }
        while let Some(opened) = opening.join_next().await {
            hold(Some(opened), &mut open, counts)?;
        }
    }
    Ok(open)
}

async fn open_stream(request: reqwest::RequestBuilder) -> Result<EventStream, Failure> {
    let mut stream = EventStream::open(request).await?;
    match stream.next().await? {
        Some(_) => Ok(stream),
        None => Err(Failure::new("a stream ends at once")),
    }
}

/// Reads a stream for as long as it is held.
fn hold(
    opened: Option<Result<Result<EventStream, Failure>, tokio::task::JoinError>>,
    open: &mut JoinSet<()>,
    counts: &Rc<Counts>,
) -> Result<(), Failure> {
    let Some(opened) = opened else { return Ok(()) };
    let mut stream = opened.map_err(|error| Failure::new(error.to_string()))??;
    let counts = Rc::clone(counts);
    open.spawn_local(async move {
        while let Ok(Some(_)) = stream.next().await {
            counts.events.set(counts.events.get() + 1);
        }
        counts.ended.set(counts.ended.get() + 1);
    });
    Ok(())
}
