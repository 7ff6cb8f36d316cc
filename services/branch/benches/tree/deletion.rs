//! Deleting a very long chat: how soon it is answered, how another writer fares meanwhile, and what is left.

use crate::bench::{Bench, append};
use crate::figures::{Times, time};
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use std::time::{Duration, Instant};

const MESSAGES: usize = 100_000;
const BRANCHES: usize = 200;
const BEFORE: Duration = Duration::from_secs(3);
/// How long the writer goes on where nothing but time tells that the sweep has ended.
const MEANWHILE: Duration = Duration::from_secs(15);
const LONGEST: Duration = Duration::from_secs(120);

pub async fn run(bench: &Bench) {
    let (chat, other) = (bench.line(MESSAGES).await, bench.chat().await.to_string());
    let first = crate::places::response(&bench.newest_messages(&chat.to_string()).await[0]);
    bench.fork_often(chat, first, BRANCHES).await;
    let chat = chat.to_string();
    println!("\n{}: delete-chat of {MESSAGES} messages and {BRANCHES} branches", bench.engine);
    let before = write(bench, &other, async |begun: Instant| begun.elapsed() >= BEFORE).await;
    let answer = time(bench.delete_chat(&chat)).await;
    let begun = Instant::now();
    let meanwhile = write(bench, &other, async |_| bench.is_cleared(&chat, begun).await).await;
    let took = begun.elapsed().as_secs_f64();
    println!(
        "answered in {:.2} ms; {took:.1} s later nothing was left to clear away",
        answer.as_secs_f64() * 1e3
    );
    for (when, times) in [("before", &before), ("meanwhile", &meanwhile)] {
        let (p50, p99, worst) = (times.percentile(50), times.percentile(99), times.percentile(100));
        println!(
            "another writer {when:<10} n {:>6}  p50 {p50:>7.2} ms  p99 {p99:>7.2} ms  longest {worst:>7.2} ms",
            times.len()
        );
    }
    if let Some(raw) = &bench.raw {
        let messages = raw.messages.count_documents(doc! {"chat": &chat}).await.unwrap();
        let branches: Vec<Document> =
            raw.branches.find(doc! {"root": &chat}).await.unwrap().try_collect().await.unwrap();
        let alive = branches.iter().filter(|branch| branch.get_bool("alive").unwrap()).count();
        println!(
            "counted by the driver: messages {messages}, branches {alive}, tombstones {}",
            branches.len() - alive
        );
        assert_eq!((messages, alive), (0, 0));
    }
}

/// Appends one message after the other until it is time to end.
async fn write(bench: &Bench, line: &str, ends: impl AsyncFn(Instant) -> bool) -> Times {
    let (begun, mut times) = (Instant::now(), Times::default());
    loop {
        for _ in 0..50 {
            times.push(time(append(&bench.client, line)).await);
        }
        if ends(begun).await {
            return times;
        }
    }
}

impl Bench {
    /// Whether the first pass has gone over all branches of a deleted chat; on SQL, whether it has had the time.
    async fn is_cleared(&self, chat: &str, begun: Instant) -> bool {
        let Some(raw) = &self.raw else { return begun.elapsed() >= MEANWHILE };
        assert!(begun.elapsed() < LONGEST, "the sweep has not come to an end");
        let left = doc! {"root": chat, "state": {"$ne": "cleared"}};
        raw.branches.find_one(left).await.unwrap().is_none()
    }
}
