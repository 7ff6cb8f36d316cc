//! What one user waits for beside many writers on one line of another.

use crate::bench::{Bench, append, newest};
use crate::figures::{Times, time};
use shared::ids::UserId;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const WRITERS: [usize; 2] = [0, 64];
const WARM_UP: Duration = Duration::from_millis(300);
const TURN: Duration = Duration::from_secs(4);

pub async fn run(bench: &Bench) {
    println!("\n{}: another user beside writers on one line", bench.engine);
    println!(
        "{:>7} {:>9}   {:>9} {:>9}   {:>9} {:>9}",
        "writers", "appends/s", "page p50", "p99 ms", "append p50", "p99 ms"
    );
    for writers in WRITERS {
        let (stop, written) = (Arc::<AtomicBool>::default(), Arc::<AtomicU32>::default());
        let hot = bench.chat().await.to_string();
        let mut tasks = JoinSet::new();
        for _ in 0..writers {
            let (client, hot) = (bench.client.clone(), hot.clone());
            let (stop, written) = (Arc::clone(&stop), Arc::clone(&written));
            tasks.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    append(&client, &hot).await;
                    written.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let (pages, appends) = neighbour(bench).await;
        stop.store(true, Ordering::Relaxed);
        tasks.join_all().await;
        let rate = f64::from(written.load(Ordering::Relaxed)) / (WARM_UP + TURN).as_secs_f64();
        print!("{writers:>7} {rate:>9.0}   {:>9.2} {:>9.2}", pages.percentile(50), pages.percentile(99));
        println!("   {:>9.2} {:>9.2}", appends.percentile(50), appends.percentile(99));
    }
}

/// Reads and appends in turn, one after the other, as another user.
async fn neighbour(bench: &Bench) -> (Times, Times) {
    let user = UserId::generate();
    let client = bench.client.as_user(user);
    let line = bench.chat_of(user).await.to_string();
    let begin = Instant::now() + WARM_UP;
    let (mut pages, mut appends) = (Times::default(), Times::default());
    while Instant::now() < begin + TURN {
        let appended = time(append(&client, &line)).await;
        let read = time(async { drop(client.get(&newest(&line)).await.expect(200)) }).await;
        if begin <= Instant::now() {
            appends.push(appended);
            pages.push(read);
        }
    }
    (pages, appends)
}
