//! Load balancing: each replica's share of the requests, while replicas come and go.

use crate::app::{GET, TestCluster, spawn, timeouts};
use crate::replica::Mode;
use futures_util::future::join_all;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A third, within 5 of a hundred.
fn assert_even(cluster: &TestCluster, requests: usize) {
    let counts: Vec<_> = cluster.replicas.iter().map(crate::replica::Replica::count).collect();
    assert_eq!(counts.iter().sum::<usize>(), requests);
    for count in &counts {
        assert!((requests * 28..=requests * 38).contains(&(count * 100)), "{counts:?}");
    }
}

#[tokio::test]
async fn three_replicas_get_a_third_each_from_one_client() {
    let cluster = spawn(3, timeouts()).await;
    for _ in 0..300 {
        cluster.answering_replica().await;
    }
    assert_even(&cluster, 300);
}

#[tokio::test]
async fn three_replicas_get_a_third_each_from_many_clients() {
    let cluster = spawn(3, timeouts()).await;
    let client = || async {
        for _ in 0..75 {
            cluster.answering_replica().await;
        }
    };
    join_all((0..8).map(|_| client())).await;
    assert_even(&cluster, 600);
}

#[tokio::test]
async fn a_replica_that_closes_after_each_response_still_gets_a_third() {
    for mode in [Mode::Closes, Mode::Http10] {
        let cluster = spawn(3, timeouts()).await;
        cluster.replicas[1].set(mode);
        for number in 0..150 {
            let id = format!("post-{number}");
            assert_eq!(cluster.post(&id, None).await.expect(200).text, "fine");
            assert_eq!(cluster.request_count(&id), 1);
        }
        assert_even(&cluster, 150);
    }
}

#[tokio::test]
async fn a_busy_replica_gets_fewer_requests() {
    let cluster = spawn(2, timeouts()).await;
    cluster.replicas[0].set(Mode::Silent);
    // The last of these waits.
    let held = async { while cluster.answering_replica().await != 0 {} };
    let others = async {
        cluster.replicas[0].wait_for_requests(1).await;
        for _ in 0..20 {
            assert_eq!(cluster.answering_replica().await, 1);
        }
        assert_eq!(cluster.replicas[0].count(), 1);
        cluster.replicas[0].set(Mode::Fine);
    };
    tokio::join!(held, others);
}

#[tokio::test]
async fn added_replicas_get_requests_without_a_restart() {
    let cluster = spawn(3, timeouts()).await;
    cluster.resolve_to(0..1);
    cluster.wait_for_lookup().await;
    let before = cluster.replicas[1].count() + cluster.replicas[2].count();
    for _ in 0..20 {
        assert_eq!(cluster.answering_replica().await, 0);
    }
    assert_eq!(cluster.replicas[1].count() + cluster.replicas[2].count(), before);
    cluster.resolve_to(0..3);
    cluster.wait_for_answer_of(1).await;
    cluster.wait_for_answer_of(2).await;
}

#[tokio::test]
async fn scaling_down_under_load_fails_no_request() {
    let cluster = spawn(3, timeouts()).await;
    let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let client = |number: usize| {
        let (cluster, stop, answered) = (&cluster, &stop, &answered);
        async move {
            let mut request = 0;
            while !stop.load(Ordering::SeqCst) {
                let id = format!("{number}-{request}");
                if request % 5 == 0 {
                    cluster.post(&id, None).await.expect(200);
                    assert_eq!(cluster.request_count(&id), 1);
                } else {
                    cluster.answering_replica().await;
                }
                request += 1;
                answered.fetch_add(1, Ordering::SeqCst);
            }
        }
    };
    let scaling = async {
        cluster.wait_for_answer_of(2).await;
        // The processes stop first, and their names go later, as with containers.
        cluster.replicas[1].drain().await;
        cluster.replicas[2].drain().await;
        cluster.resolve_to(0..1);
        cluster.replicas[1].wait_for_disconnect().await;
        cluster.replicas[2].wait_for_disconnect().await;
        let before = answered.load(Ordering::SeqCst);
        while answered.load(Ordering::SeqCst) < before + 50 {
            assert_eq!(cluster.answering_replica().await, 0);
        }
        stop.store(true, Ordering::SeqCst);
    };
    tokio::join!(join_all((0..4).map(client)), scaling);
}

#[tokio::test]
async fn a_removed_replica_finishes_its_requests_and_is_disconnected() {
    let cluster = spawn(2, timeouts()).await;
    cluster.wait_for_answer_of(1).await;
    cluster.replicas[1].set(Mode::Silent);
    let before = cluster.replicas[1].count();
    let held = async {
        let answers = join_all((0..4).map(|_| cluster.client.get(GET))).await;
        let answers = answers.into_iter().map(|answer| cluster.replica_of(&answer.expect(200)));
        assert!(answers.filter(|&number| number == 1).count() > 0);
    };
    let scaling = async {
        cluster.replicas[1].wait_for_requests(before + 1).await;
        cluster.resolve_to(0..1);
        cluster.wait_for_lookup().await;
        cluster.replicas[1].set(Mode::Fine);
        cluster.replicas[1].wait_for_disconnect().await;
    };
    tokio::join!(held, scaling);
}
