//! Many clients, each on a line of its own: the service against the bare driver.

use crate::bench::{Bench, append, newest};
use crate::figures::{Times, time};
use crate::raw::{PAGE, Raw, RawPlace};
use shared_test_kit::TestClient;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const CLIENTS: usize = 32;
const LENGTH: usize = 100;
const TURNS: u32 = 3;
const TURN: Duration = Duration::from_millis(1_500);

#[derive(Debug, Clone, Copy)]
enum Operation {
    Page,
    Append,
}

/// A client's line, and how it is reached.
struct Line {
    id: String,
    client: TestClient,
    raw: Option<(Raw, RawPlace)>,
}

impl Line {
    async fn here(&self, operation: Operation) {
        match operation {
            Operation::Page => drop(self.client.get(&newest(&self.id)).await.expect(200)),
            Operation::Append => append(&self.client, &self.id).await,
        }
    }

    async fn with_driver(&self, operation: Operation) {
        let Some((raw, at)) = &self.raw else { return };
        match operation {
            Operation::Page => raw.page(at, i64::try_from(LENGTH).unwrap()).await,
            Operation::Append => raw.append(at).await,
        }
    }
}

pub async fn run(bench: &Bench) {
    let mut lines = Vec::new();
    for _ in 0..CLIENTS {
        let id = bench.line(LENGTH).await.to_string();
        let raw = match &bench.raw {
            Some(raw) => Some((raw.clone(), raw.beside(&id).await)),
            None => None,
        };
        lines.push(Arc::new(Line { id, client: bench.client.clone(), raw }));
    }
    println!("\n{}: {CLIENTS} clients", bench.engine);
    println!(
        "{:<14} {:>10} {:>8} {:>8}   {:>8} {:>8} {:>8}   ratio",
        "", "per second", "p50 ms", "p99 ms", "driver/s", "p50", "p99"
    );
    for (name, operation) in
        [(format!("pages of {PAGE}"), Operation::Page), ("appends".into(), Operation::Append)]
    {
        compare(&name, &lines, operation).await;
    }
}

async fn compare(name: &str, lines: &[Arc<Line>], operation: Operation) {
    let (mut here, mut raw) = (Times::default(), Times::default());
    // One turn to warm up.
    turn(lines, move |line: Arc<Line>| async move { line.here(operation).await }).await;
    for _ in 0..TURNS {
        here.extend(turn(lines, move |line: Arc<Line>| async move { line.here(operation).await }).await);
        if lines[0].raw.is_some() {
            raw.extend(
                turn(lines, move |line: Arc<Line>| async move { line.with_driver(operation).await }).await,
            );
        }
    }
    let rate = |times: &Times| f64::from(u32::try_from(times.len()).unwrap()) / (TURN * TURNS).as_secs_f64();
    print!("{name:<14} {:>10.0} {:>8.2} {:>8.2}", rate(&here), here.percentile(50), here.percentile(99));
    if raw.len() == 0 {
        println!();
        return;
    }
    print!("   {:>8.0} {:>8.2} {:>8.2}", rate(&raw), raw.percentile(50), raw.percentile(99));
    println!("   {:.2}", rate(&here) / rate(&raw));
}

/// All clients at once, for a turn.
async fn turn<W>(lines: &[Arc<Line>], work: impl Fn(Arc<Line>) -> W + Clone + Send + 'static) -> Times
where
    W: Future<Output = ()> + Send,
{
    let end = Instant::now() + TURN;
    let mut tasks = JoinSet::new();
    for line in lines {
        let (line, work) = (Arc::clone(line), work.clone());
        tasks.spawn(async move {
            let mut times = Times::default();
            while Instant::now() < end {
                times.push(time(work(Arc::clone(&line))).await);
            }
            times
        });
    }
    let mut all = Times::default();
    for times in tasks.join_all().await {
        all.extend(times);
    }
    all
}
