//! Answers of all replicas, while something happens.

use super::reader::Reader;
use super::replica_set::ReplicaSet;
use crate::failure::Failure;
use crate::figures::Report;
use clap::Args;
use futures_util::future::join_all;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// The time from the start to the fault.
const FAULT_DELAY: Duration = Duration::from_secs(5);
/// The time within which every reader must be told of the end.
const MAX_END_TIME: Duration = Duration::from_secs(40);
/// The pause between two words, and the number of words.
const WORD_PAUSE_MS: u64 = 250;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A command of the shell that does something to one replica, or to the database, 5 s after the start.
    #[arg(long)]
    fault: String,
    /// The number of answers at each replica.
    #[arg(long, default_value_t = 4)]
    answers: usize,
    /// The duration of an answer, in seconds.
    #[arg(long, default_value_t = 75)]
    seconds: u64,
    /// Whether some answers must be interrupted, and others whole.
    #[arg(long)]
    interrupts: bool,
}

/// Runs the load. Returns whether each answer has an end that all of its readers know.
pub(crate) async fn run(options: &Options, replicas: &ReplicaSet) -> Result<bool, Failure> {
    let words = usize::try_from(options.seconds * 1000 / WORD_PAUSE_MS).unwrap_or(0);
    let question = format!("[[delay:{WORD_PAUSE_MS}]] {}", "word ".repeat(words));
    let mut ids = Vec::new();
    for number in 0..options.answers * replicas.count() {
        ids.push(replicas.ask(number, &question).await?);
    }
    let most = Duration::from_secs(options.seconds) + FAULT_DELAY + 4 * MAX_END_TIME;
    // A reader of each answer at each replica.
    let places = ids.iter().flat_map(|id| (0..replicas.count()).map(move |at| (id, at)));
    let readers = join_all(places.map(|(id, at)| async move {
        let mut reader = Reader::of(id);
        reader.read_to_end(replicas, at, most).await;
        (id, reader)
    }));
    let fault = async {
        sleep(FAULT_DELAY).await;
        let mut command = Command::new("sh");
        command.args(["-c", &options.fault]).stdin(Stdio::null()).spawn().map(|child| (Instant::now(), child))
    };
    let (readers, fault) = tokio::join!(readers, fault);
    let (struck, mut child) = fault.map_err(|error| Failure::new(error.to_string()))?;
    child.wait().map_err(|error| Failure::new(error.to_string()))?;
    Ok(report(options, replicas, &readers, struck))
}

fn report(options: &Options, replicas: &ReplicaSet, readers: &[(&String, Reader)], struck: Instant) -> bool {
    let mut report = Report::new();
    let count = |status: &str| {
        let all = readers.iter().filter(|(_, reader)| reader.status() == Some(status)).count();
        all / replicas.count().max(1)
    };
    let (completed, interrupted) = (count("completed"), count("interrupted"));
    let figure = format!("{completed} whole, {interrupted} interrupted");
    let is_as_expected = !options.interrupts || (completed > 0 && interrupted > 0);
    report.check("answers", figure, if options.interrupts { "some of each" } else { "-" }, is_as_expected);
    let ended = readers.iter().filter(|(_, reader)| reader.ended.is_some() && reader.is_gapless).count();
    let figure = format!("{ended} of {}", readers.len());
    report.check("readers with an end, without gaps", figure, "all", ended == readers.len());
    let same = |(id, reader): &&(&String, Reader)| {
        readers.iter().filter(|(other, _)| other == id).all(|(_, other)| other.events == reader.events)
    };
    let equal = readers.iter().filter(same).count();
    let figure = format!("{equal} of {}", readers.len());
    report.check("readers who agree with the others", figure, "all", equal == readers.len());
    let told = readers.iter().filter(|(_, reader)| reader.status() == Some("interrupted"));
    let told = told.filter_map(|(_, reader)| Some(reader.ended?.saturating_duration_since(struck))).max();
    if let Some(told) = told {
        let figure = format!("{:.1} s", told.as_secs_f64());
        report.check("readers of interrupted ones are told after", figure, "40 s", told <= MAX_END_TIME);
    }
    report.has_passed()
}
