//! Times, and how they are printed.

use std::time::{Duration, Instant};

const WARM_UP: usize = 20;
const ROUNDS: usize = 300;
/// An operation that is slow is measured fewer times, but not fewer than this.
const FEWEST: usize = 20;
const BUDGET: Duration = Duration::from_secs(4);

/// How long something took, each time.
#[derive(Debug, Clone, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    pub fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The time in milliseconds that so many percent of all do not exceed.
    pub fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let place = (sorted.len() * percent).div_ceil(100).max(1) - 1;
        sorted.get(place).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    }
}

/// Times something once.
pub async fn time(work: impl Future<Output = ()>) -> Duration {
    let begun = Instant::now();
    work.await;
    begun.elapsed()
}

/// What an operation took at one place, here and with the bare driver.
#[derive(Debug, Clone, Default)]
pub struct Pair {
    pub ours: Times,
    pub raw: Times,
}

/// Times an operation and its equivalent at each of these places in turn. `raw` says whether there is one.
pub async fn in_turn<P>(places: &[P], ours: impl AsyncFn(&P), raw: impl AsyncFn(&P) -> bool) -> Vec<Pair> {
    let mut pairs = vec![Pair::default(); places.len()];
    let begun = Instant::now();
    for round in 0..WARM_UP + ROUNDS {
        if round >= FEWEST && begun.elapsed() > BUDGET {
            break;
        }
        // The first of many operations warm up; of few, each counts.
        if round == WARM_UP {
            pairs = vec![Pair::default(); places.len()];
        }
        for (pair, place) in pairs.iter_mut().zip(places) {
            pair.ours.push(time(ours(place)).await);
            let begun = Instant::now();
            if raw(place).await {
                pair.raw.push(begun.elapsed());
            }
        }
    }
    pairs
}

/// Begins a table.
pub fn head(title: &str) {
    println!("\n{title}");
    println!(
        "{:<22} {:>8} {:>5} {:>9} {:>9} {:>9}   {:>9} {:>9} {:>9}",
        "", "size", "n", "p50 ms", "p99 ms", "p50 to 1st", "driver p50", "p99", "p50 ratio"
    );
}

/// Prints a line for each size, with the ratio to the first one and to the bare driver.
pub fn rows(operation: &str, sizes: &[usize], pairs: &[Pair]) {
    let first = pairs[0].ours.percentile(50);
    for (size, Pair { ours, raw }) in sizes.iter().zip(pairs) {
        let (p50, p99) = (ours.percentile(50), ours.percentile(99));
        let growth = p50 / first;
        print!("{operation:<22} {size:>8} {:>5} {p50:>9.3} {p99:>9.3} {growth:>9.2}x", ours.len());
        if raw.len() == 0 {
            println!();
        } else {
            let (raw50, raw99) = (raw.percentile(50), raw.percentile(99));
            println!("   {raw50:>9.3} {raw99:>9.3} {:>9.2}x", p50 / raw50);
        }
    }
}
