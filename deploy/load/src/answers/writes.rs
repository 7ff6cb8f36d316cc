//! The load of many runs at once on the database: flushes, bytes, and the CPU time of programs and databases.

use super::asker::{Asker, stream_client};
use super::event_stream::EventStream;
use super::metrics_page::{Buckets, MetricsPage};
use crate::failure::Failure;
use crate::figures::{Report, ms, percentile};
use crate::memory::{Program, Programs};
use crate::process::{CpuTime, written_bytes};
use clap::Args;
use reqwest::{Client, Url};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// The time for which the runs go on before the measurement, and after it.
const MARGIN_DURATION: Duration = Duration::from_secs(4);
/// The runs of a user.
const RUNS_PER_USER: usize = 4;
const FLUSHES_METRIC: &str = "answer_flushes_total";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The base URL of the gateway, such as <http://127.0.0.1:8000>.
    base: Url,
    #[command(flatten)]
    programs: Programs,
    /// The name and the process id of a database server; may be repeated.
    #[arg(long = "database")]
    databases: Vec<Program>,
    /// The URL of the answer service's metrics, such as <http://127.0.0.1:9464/metrics>.
    #[arg(long)]
    metrics: Url,
    /// The numbers of runs at once.
    #[arg(long, value_delimiter = ',', default_value = "0,1,200")]
    runs: Vec<usize>,
    /// The duration of a measurement, in seconds.
    #[arg(long, default_value_t = 20)]
    seconds: u32,
    /// The pause of the model between two words, in milliseconds.
    #[arg(long, default_value_t = 20)]
    pause_ms: u32,
}

/// The counts so far.
struct Counted {
    flushes: Buckets,
    /// None where the database is no SQLite.
    commits: Option<f64>,
    cpu: Vec<(String, CpuTime)>,
    written: u64,
}

/// Runs the load. Returns whether all runs are completed.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let http = stream_client()?;
    let mut report = Report::new();
    for &runs in &options.runs {
        report.print(
            &format!("{runs} runs at once"),
            format!("{} words/s each", 1_000 / options.pause_ms.max(1)),
        );
        let mut readers = ask_all(options, &http, runs).await?;
        sleep(MARGIN_DURATION).await;
        let (started, before) = (Instant::now(), Counted::now(options, &http).await?);
        sleep(Duration::from_secs(options.seconds.into())).await;
        let (time, after) = (started.elapsed(), Counted::now(options, &http).await?);
        after.print_since(&before, time, &report);
        let mut durations = Vec::new();
        while let Some(read) = readers.join_next().await {
            durations.push(read.map_err(|error| Failure::new(error.to_string()))??);
        }
        if runs > 0 {
            let [p50, max] = [50, 100].map(|percent| ms(percentile(&durations, percent)));
            let figure = format!("p50 {p50}, at most {max}");
            report.print(
                "  duration of the answers",
                format!("{figure}, of which {} are pauses", ms(options.pauses())),
            );
        }
        report.check("  answers that are completed", durations.len(), "all", durations.len() == runs);
    }
    Ok(report.has_passed())
}

impl Options {
    fn words(&self) -> u32 {
        let time = Duration::from_secs(self.seconds.into()) + 2 * MARGIN_DURATION;
        u32::try_from(time.as_millis()).unwrap_or(u32::MAX) / self.pause_ms.max(1)
    }

    /// The time that an answer takes without what it costs.
    fn pauses(&self) -> Duration {
        Duration::from_millis(self.pause_ms.into()) * self.words()
    }
}

/// Asks, and follows each answer with a reader, which returns how long the answer took.
async fn ask_all(
    options: &Options,
    http: &Client,
    runs: usize,
) -> Result<JoinSet<Result<Duration, Failure>>, Failure> {
    let question = format!("[[delay:{}]][[repeat:{}]] banyan", options.pause_ms, options.words());
    let mut questions = Vec::new();
    let mut asker = None;
    for number in 0..runs {
        if number % RUNS_PER_USER == 0 {
            asker = Some(Asker::register(http, &options.base).await?);
        }
        let Some(asker) = &asker else { continue };
        let chat = asker.create_chat().await?;
        questions.push(
            asker.ask_and_follow(&json!({"chat_id": chat, "question": question, "model": "banyan/echo"}))?,
        );
    }
    let mut readers = JoinSet::new();
    for question in questions {
        readers.spawn_local(async move {
            let started = Instant::now();
            let end = EventStream::open(question).await?.last().await?;
            match end.data.get("status").and_then(Value::as_str) {
                Some("completed") => Ok(started.elapsed()),
                _ => Err(Failure::new(format!("an answer is not completed: {}", end.data))),
            }
        });
    }
    Ok(readers)
}

impl Counted {
    async fn now(options: &Options, http: &Client) -> Result<Self, Failure> {
        let page = MetricsPage::read(http, &options.metrics).await?;
        let programs = || options.programs.iter().chain(&options.databases);
        let cpu =
            programs().map(|program| Ok((program.name.clone(), CpuTime::with_children(&[program.pid])?)));
        // On SQLite the service is its own database.
        let is_writer = |program: &&Program| options.databases.is_empty() && program.name == "answer";
        let writers = options.databases.iter().chain(options.programs.iter().filter(is_writer));
        let pids: Vec<_> = writers.map(|program| program.pid).collect();
        Ok(Self {
            flushes: page.buckets(FLUSHES_METRIC),
            commits: page.sum("sqlite_commits_total"),
            cpu: cpu.collect::<Result<_, Failure>>()?,
            written: written_bytes(&pids)?,
        })
    }

    fn print_since(&self, before: &Self, time: Duration, report: &Report) {
        let seconds = time.as_secs_f64();
        let flushes = self.flushes.since(&before.flushes);
        let [p50, p99] = [50.0, 99.0].map(|percent| flushes.percentile(percent));
        report.print("  flushes", format!("{:.1}/s, p50 {p50}, p99 {p99}", flushes.count() / seconds));
        if let (Some(now), Some(then)) = (self.commits, before.commits) {
            report.print("  transactions of SQLite", format!("{:.1}/s", (now - then) / seconds));
        }
        let kibibytes = u32::try_from(self.written.saturating_sub(before.written) >> 10).unwrap_or(u32::MAX);
        report.print("  written to files", format!("{:.1} KiB/s", f64::from(kibibytes) / seconds));
        let cpu = self.cpu.iter().zip(&before.cpu);
        let cpu =
            cpu.map(|((name, now), (_, then))| format!("{name} {:.1} %", now.since(*then) / seconds * 100.0));
        report.print("  CPU, of one core", cpu.collect::<Vec<_>>().join(", "));
    }
}
