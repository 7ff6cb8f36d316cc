//! A response with very many forks: what a page with it takes longer than a page without.

use crate::bench::{Bench, newest};
use crate::figures::in_turn;
use crate::places::response;

const FORKS: usize = 10_000;
const MESSAGES_PER_LINE: usize = 100;

pub async fn run(bench: &Bench) {
    let (with, without) = (bench.line(MESSAGES_PER_LINE).await, bench.line(MESSAGES_PER_LINE).await);
    let first = response(&bench.newest_messages(&with.to_string()).await[0]);
    bench.fork_often(with, first, FORKS).await;
    let paths = [newest(&without.to_string()), newest(&with.to_string())];
    let read = async |path: &String| drop(bench.get(path).await);
    let pairs = in_turn(&paths, read, async |_| false).await;
    let forked = &bench.newest_messages(&with.to_string()).await[0];
    let (count, listed) = (&forked["branch_count"], forked["branches"].as_array().unwrap().len());
    println!("\n{}: a page of 50, one of its responses with {FORKS} forks", bench.engine);
    for (name, pair) in ["without", "with"].iter().zip(&pairs) {
        println!(
            "{name:<8} p50 {:>8.2} ms  p99 {:>8.2} ms",
            pair.ours.percentile(50),
            pair.ours.percentile(99)
        );
    }
    let more = |percent| pairs[1].ours.percentile(percent) - pairs[0].ours.percentile(percent);
    println!(
        "more     p50 {:>8.2} ms  p99 {:>8.2} ms   branch_count {count}, branches {listed}",
        more(50),
        more(99)
    );
    assert_eq!((count.as_u64(), listed), (u64::try_from(FORKS).ok(), 100));
}
