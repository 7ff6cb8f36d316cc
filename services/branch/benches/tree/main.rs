//! What the tree costs as it grows and when many use it, on each engine, through the service's HTTP; on MongoDB beside
//! what the bare driver needs for the same.
//!
//! `deploy/bench/tree` starts the servers and then this. Arguments choose engines (`sqlite`, `postgres`, `mongo`) and
//! parts (`growth`, `writers`, `neighbours`, `throughput`, `forks`, `versions`, `chats`, `undo`,
//! `deletion`); without any it is all of them. Every
//! part has a database of its own. Sizes and sides alternate within a part, because machines are noisy.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a bench ends where something is amiss"
)]

mod bench;
mod chats;
mod deletion;
mod figures;
mod forks;
mod growth;
mod neighbours;
mod places;
mod raw;
mod sql;
mod throughput;
mod undo;
mod versions;
mod writers;

use bench::{Bench, Engine};
use std::time::{Duration, Instant};

const PARTS: [&str; 9] =
    ["growth", "writers", "neighbours", "throughput", "forks", "versions", "chats", "undo", "deletion"];

async fn run(engines: &[Engine], parts: &[&str]) {
    for engine in engines {
        for part in parts {
            let begun = Instant::now();
            let window = if *part == "undo" { undo::UNDO_WINDOW } else { Duration::ZERO };
            let bench = Bench::start(*engine, window).await;
            match *part {
                "growth" => growth::run(&bench).await,
                "writers" => writers::run(&bench).await,
                "neighbours" => neighbours::run(&bench).await,
                "throughput" => throughput::run(&bench).await,
                "forks" => forks::run(&bench).await,
                "versions" => versions::run(&bench).await,
                "chats" => chats::run(&bench).await,
                "undo" => undo::run(&bench).await,
                _ => deletion::run(&bench).await,
            }
            println!("({engine}, {part}: {:.0} s in all)", begun.elapsed().as_secs_f64());
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is a program of its own")]
fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    // `cargo test --benches` starts this, too, and wants to hear only that it can be started.
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    let named: Vec<_> = arguments.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let known = |word: &&str| PARTS.contains(word) || Engine::ALL.iter().any(|engine| engine.name() == *word);
    if let Some(unknown) = named.iter().find(|word| !known(word)) {
        eprintln!("{unknown} is neither an engine nor a part");
        std::process::exit(2);
    }
    let mut engines = Engine::ALL.to_vec();
    if engines.iter().any(|engine| named.contains(&engine.name())) {
        engines.retain(|engine| named.contains(&engine.name()));
    }
    engines.retain(|engine| engine.is_there());
    let mut parts = PARTS.to_vec();
    if parts.iter().any(|part| named.contains(part)) {
        parts.retain(|part| named.contains(part));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run(&engines, &parts));
}
