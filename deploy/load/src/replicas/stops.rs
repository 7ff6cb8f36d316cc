//! Answers that are stopped at any replica.

use super::reader::Reader;
use super::replica_set::ReplicaSet;
use crate::failure::Failure;
use crate::figures::{Report, ms, percentile};
use clap::Args;
use futures_util::future::join_all;
use std::time::{Duration, Instant};

/// The time within which the owner must have heard of a stop, and ended.
const MAX_STOP_TIME: Duration = Duration::from_millis(700);
/// The time for which an end is waited for.
const END_TIMEOUT: Duration = Duration::from_secs(30);
/// An answer that is slower than the stop.
const QUESTIONS: [&str; 2] = ["[[delay:20]][[repeat:90000]] on and on", "[[stall:after=1]] silence and"];

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The number of stops at each replica, of an answer that goes on and of one that is silent.
    #[arg(long, default_value_t = 10)]
    rounds: usize,
}

/// The times of a stop: until it was answered, and until the readers at the owner and elsewhere were told.
struct StopTimes {
    answered: Duration,
    at_owner: Duration,
    elsewhere: Duration,
}

/// Runs the load. Returns whether each stop is heard in time.
pub(crate) async fn run(options: &Options, replicas: &ReplicaSet) -> Result<bool, Failure> {
    let mut report = Report::new();
    for stopper in 0..replicas.count() {
        for question in QUESTIONS {
            let mut times = Vec::new();
            for _ in 0..options.rounds {
                times.push(stop(replicas, stopper, question).await?);
            }
            let what = if question.starts_with("[[stall") { "silent" } else { "talking" };
            let place = if stopper == 0 { "its owner" } else { "another replica" };
            report.print(&format!("stop of a {what} answer at {place}"), "");
            let figures = |of: fn(&StopTimes) -> Duration| {
                let times: Vec<_> = times.iter().map(of).collect();
                (percentile(&times, 50), percentile(&times, 100))
            };
            let (middle, worst) = figures(|times| times.answered);
            report.print("  is answered (p50, at most)", format!("{}, {}", ms(middle), ms(worst)));
            let (middle, worst) = figures(|times| times.elsewhere);
            report.print("  is told to readers elsewhere", format!("{}, {}", ms(middle), ms(worst)));
            let (middle, worst) = figures(|times| times.at_owner);
            report.print("  is told to readers at the owner, p50", ms(middle));
            report.check("  at most", ms(worst), "700 ms", worst <= MAX_STOP_TIME);
        }
    }
    Ok(report.has_passed())
}

async fn stop(replicas: &ReplicaSet, stopper: usize, question: &str) -> Result<StopTimes, Failure> {
    let id = replicas.ask(0, question).await?;
    let mut readers = [Reader::of(&id), Reader::of(&id)];
    let begin = readers
        .iter_mut()
        .enumerate()
        .map(|(at, reader)| reader.read(replicas, at, usize::MAX, "event: delta"));
    join_all(begin).await;
    let began = Instant::now();
    let stopping = async {
        let status = replicas.stop(stopper, &id).await?;
        Ok::<_, Failure>((status, began.elapsed()))
    };
    let reading =
        readers.iter_mut().enumerate().map(|(at, reader)| reader.read_to_end(replicas, at, END_TIMEOUT));
    let (stopped, _) = tokio::join!(stopping, join_all(reading));
    let (status, answered) = stopped?;
    let told = readers.each_ref().map(|reader| reader.ended.map(|ended| ended.duration_since(began)));
    match told {
        [Some(at_owner), Some(elsewhere)] if status == "stopped" => {
            Ok(StopTimes { answered, at_owner, elsewhere })
        }
        _ => Err(Failure::new(format!("an answer that was stopped is {status:?}"))),
    }
}
