//! Many writers on one branch and on as many branches, through one replica and through two.

use crate::bench::{Bench, append, text};
use crate::figures::{Times, time};
use shared_test_kit::TestClient;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const WRITERS: [usize; 3] = [1, 8, 32];
const WARM_UP: Duration = Duration::from_millis(300);
/// The cells are measured in several turns, because machines are noisy.
const TURNS: usize = 3;
const TURN: Duration = Duration::from_secs(1);

/// What is compared: so many writers, on one line or each on its own, through these replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Cell {
    writers: usize,
    lines: usize,
    replicas: usize,
}

pub async fn run(bench: &Bench) {
    let (_service, second) = bench.replica().await;
    let clients = [bench.client.clone(), second];
    println!("\n{}: writers, all in this process with the service", bench.engine);
    println!(
        "{:>7} {:>9} {:>9} {:>10} {:>9} {:>9}   to many lines",
        "writers", "lines", "replicas", "appends/s", "p50 ms", "p99 ms"
    );
    let mut gaps = Vec::new();
    for writers in WRITERS {
        for replicas in [1, 2] {
            let one = Cell { writers, lines: 1, replicas };
            let many = Cell { lines: writers, ..one };
            let mut times = HashMap::<_, Times>::new();
            for _ in 0..TURNS {
                for cell in if writers == 1 { vec![one] } else { vec![many, one] } {
                    let (appended, found) = write(bench, &clients, cell).await;
                    gaps.extend(found);
                    times.entry(cell).or_default().extend(appended);
                }
            }
            print(one, &times[&one], Some(&times[&many]));
            if writers > 1 {
                print(many, &times[&many], None);
            }
        }
    }
    println!("depths that are missing, twice there, or not answered: {}", gaps.len());
    assert!(gaps.is_empty(), "{gaps:?}");
}

fn print(cell: Cell, times: &Times, many: Option<&Times>) {
    let turns = u32::try_from(TURNS).unwrap();
    let rate = |times: &Times| f64::from(u32::try_from(times.len()).unwrap()) / (TURN * turns).as_secs_f64();
    let Cell { writers, lines, replicas } = cell;
    let (p50, p99) = (times.percentile(50), times.percentile(99));
    print!("{writers:>7} {lines:>9} {replicas:>9} {:>10.0} {p50:>9.2} {p99:>9.2}", rate(times));
    match many {
        Some(many) => println!("   {:.0} %", 100.0 * rate(times) / rate(many)),
        None => println!(),
    }
}

/// Writes for a turn, and tells how long each append took and which depths are wrong then.
async fn write(bench: &Bench, clients: &[TestClient], cell: Cell) -> (Times, Vec<String>) {
    let mut lines = Vec::new();
    for _ in 0..cell.lines {
        lines.push(bench.chat().await.to_string());
    }
    let begin = Instant::now() + WARM_UP;
    let mut tasks = JoinSet::new();
    for writer in 0..cell.writers {
        let client = clients[writer % cell.replicas].clone();
        let line = lines[writer % cell.lines].clone();
        tasks.spawn(async move {
            let (mut times, mut written) = (Times::default(), 0);
            while Instant::now() < begin + TURN {
                let took = time(append(&client, &line)).await;
                written += 1;
                if Instant::now() >= begin {
                    times.push(took);
                }
            }
            (line, times, written)
        });
    }
    let (mut all, mut expected) = (Times::default(), HashMap::<_, i64>::new());
    for (line, times, written) in tasks.join_all().await {
        all.extend(times);
        *expected.entry(line).or_default() += written;
    }
    let mut wrong = Vec::new();
    for (line, length) in expected {
        wrong.extend(bench.wrong_depths(&line, length).await);
    }
    (all, wrong)
}

impl Bench {
    /// Reads a whole line, which should have the depths from 1 to `length`, and tells what is not so.
    async fn wrong_depths(&self, line: &str, length: i64) -> Vec<String> {
        let mut path = Some(format!("/api/v1/messages/get-messages?chat_id={line}&order=asc&limit=200"));
        let (mut wrong, mut expected, mut parent) = (Vec::new(), 0, None);
        while let Some(next) = path {
            let page = self.get(&next).await;
            for message in page.json().as_array().unwrap() {
                expected += 1;
                let before = message["parent_response_id"].as_str().map(str::to_owned);
                if message["depth"].as_i64() != Some(expected) || before != parent {
                    wrong.push(format!("{line}: {expected}"));
                }
                parent = Some(text(message, "response_id"));
            }
            path = page.next();
        }
        if expected != length {
            wrong.push(format!("{line}: {length} were answered and {expected} are there"));
        }
        wrong
    }
}
