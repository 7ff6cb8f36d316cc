//! Many readers of one answer.

use super::reader::Reader;
use super::replica_set::ReplicaSet;
use crate::failure::Failure;
use crate::figures::Report;
use crate::footprint::Footprint;
use crate::memory::Programs;
use clap::Args;
use futures_util::future::join_all;
use std::time::Duration;
use tokio::time::sleep;

/// The pause between two words.
const WORD_PAUSE_MS: u64 = 20;
/// The time for which readers wait for the end, beside the time that the answer takes.
const END_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    programs: Programs,
    /// The number of readers; half of them resume now and then, at another replica.
    #[arg(long, default_value_t = 1000)]
    readers: usize,
    /// The duration of the answer, in seconds.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
}

/// Runs the load. Returns whether all readers have read the same.
pub(crate) async fn run(options: &Options, replicas: &ReplicaSet) -> Result<bool, Failure> {
    let mut report = Report::new();
    let before = Footprint::of(&options.programs)?;
    let words = options.seconds * 1000 / WORD_PAUSE_MS;
    let question =
        format!("[[delay:{WORD_PAUSE_MS}]] {}", "word ".repeat(usize::try_from(words).unwrap_or(0)));
    let id = replicas.ask(0, &question).await?;
    let most = Duration::from_secs(options.seconds) + END_TIMEOUT;
    let readers = join_all((0..options.readers).map(|number| read(replicas, &id, number, most)));
    let during = async {
        sleep(Duration::from_secs(options.seconds) / 2).await;
        Footprint::of(&options.programs)
    };
    let (readers, during) = tokio::join!(readers, during);
    before.print_growth(&during?, &options.programs, &report);
    let mut whole = Reader::of(&id);
    whole.read_to_end(replicas, 0, END_TIMEOUT).await;
    let streams: usize = readers.iter().map(|reader| reader.streams).sum();
    report.print("streams that were opened", streams);
    report.print("events of each reader", whole.events.matches("\n\n").count());
    let equal = readers.iter().filter(|reader| reader.events == whole.events).count();
    let is_whole = whole.status() == Some("completed") && whole.is_gapless;
    let figure = format!("{equal} of {}", readers.len());
    report.check("readers with the same bytes", figure, "all", is_whole && equal == readers.len());
    Ok(report.has_passed())
}

/// Reads to the end. Every other reader breaks off after some bytes, again and again, and resumes at the next replica.
async fn read(replicas: &ReplicaSet, id: &str, number: usize, most: Duration) -> Reader {
    let mut reader = Reader::of(id);
    // Pseudo-random: each reader has a sequence of its own.
    let mut seed = number * 7919 + 13;
    let breaks = if number.is_multiple_of(2) { 0 } else { number % 20 };
    for turn in 0..breaks {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
        reader.read(replicas, number + turn, seed % 3000 + 1, "\0").await;
        if reader.ended.is_some() {
            break;
        }
    }
    reader.read_to_end(replicas, number + breaks, most).await;
    reader
}
