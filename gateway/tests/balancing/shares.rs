//! Load balancing: each replica's share of the requests, while replicas come and go.

use crate::app::{GET, Town, spawn, timeouts};
use crate::replica::Mode;
use futures_util::future::join_all;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A third, within 5 of a hundred.
fn assert_even(town: &Town, requests: usize) {
    let counts: Vec<_> = town.replicas.iter().map(crate::replica::Replica::count).collect();
    assert_eq!(counts.iter().sum::<usize>(), requests);
    for count in &counts {
        assert!((requests * 28..=requests * 38).contains(&(count * 100)), "{counts:?}");
    }
}

#[tokio::test]
async fn three_replicas_get_a_third_each_from_one_client() {
    let town = spawn(3, timeouts()).await;
    for _ in 0..300 {
        town.who().await;
    }
    assert_even(&town, 300);
}

#[tokio::test]
async fn three_replicas_get_a_third_each_from_many_clients() {
    let town = spawn(3, timeouts()).await;
    let client = || async {
        for _ in 0..75 {
            town.who().await;
        }
    };
    join_all((0..8).map(|_| client())).await;
    assert_even(&town, 600);
}

#[tokio::test]
async fn a_replica_that_closes_after_each_response_still_gets_a_third() {
    for mode in [Mode::Closes, Mode::Http10] {
        let town = spawn(3, timeouts()).await;
        town.replicas[1].set(mode);
        for number in 0..150 {
            let id = format!("post-{number}");
            assert_eq!(town.post(&id, None).await.expect(200).text, "fine");
            assert_eq!(town.times(&id), 1);
        }
        assert_even(&town, 150);
    }
}

#[tokio::test]
async fn a_busy_replica_gets_fewer_requests() {
    let town = spawn(2, timeouts()).await;
    town.replicas[0].set(Mode::Silent);
    // The last of these waits.
    let held = async { while town.who().await != 0 {} };
    let others = async {
        town.replicas[0].has_seen(1).await;
        for _ in 0..20 {
            assert_eq!(town.who().await, 1);
        }
        assert_eq!(town.replicas[0].count(), 1);
        town.replicas[0].set(Mode::Fine);
    };
    tokio::join!(held, others);
}

#[tokio::test]
async fn added_replicas_get_requests_without_a_restart() {
    let town = spawn(3, timeouts()).await;
    town.name(0..1);
    town.is_looked_up().await;
    let before = town.replicas[1].count() + town.replicas[2].count();
    for _ in 0..20 {
        assert_eq!(town.who().await, 0);
    }
    assert_eq!(town.replicas[1].count() + town.replicas[2].count(), before);
    town.name(0..3);
    town.until_answers(1).await;
    town.until_answers(2).await;
}

#[tokio::test]
async fn scaling_down_under_load_fails_no_request() {
    let town = spawn(3, timeouts()).await;
    let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let client = |number: usize| {
        let (town, stop, answered) = (&town, &stop, &answered);
        async move {
            let mut request = 0;
            while !stop.load(Ordering::SeqCst) {
                let id = format!("{number}-{request}");
                if request % 5 == 0 {
                    town.post(&id, None).await.expect(200);
                    assert_eq!(town.times(&id), 1);
                } else {
                    town.who().await;
                }
                request += 1;
                answered.fetch_add(1, Ordering::SeqCst);
            }
        }
    };
    let scaling = async {
        town.until_answers(2).await;
        // The processes stop first, and their names go later, as with containers.
        town.replicas[1].drain().await;
        town.replicas[2].drain().await;
        town.name(0..1);
        town.replicas[1].is_left().await;
        town.replicas[2].is_left().await;
        let before = answered.load(Ordering::SeqCst);
        while answered.load(Ordering::SeqCst) < before + 50 {
            assert_eq!(town.who().await, 0);
        }
        stop.store(true, Ordering::SeqCst);
    };
    tokio::join!(join_all((0..4).map(client)), scaling);
}

#[tokio::test]
async fn a_removed_replica_finishes_its_requests_and_is_disconnected() {
    let town = spawn(2, timeouts()).await;
    town.until_answers(1).await;
    town.replicas[1].set(Mode::Silent);
    let before = town.replicas[1].count();
    let held = async {
        let answers = join_all((0..4).map(|_| town.client.get(GET))).await;
        let answers = answers.into_iter().map(|answer| town.number(&answer.expect(200)));
        assert!(answers.filter(|&number| number == 1).count() > 0);
    };
    let scaling = async {
        town.replicas[1].has_seen(before + 1).await;
        town.name(0..1);
        town.is_looked_up().await;
        town.replicas[1].set(Mode::Fine);
        town.replicas[1].is_left().await;
    };
    tokio::join!(held, scaling);
}
