//! Outlier ejection: which replicas get no requests, for how long, and what becomes of requests meanwhile.

use crate::app::{GET, SOON, TestCluster, spawn, timeouts};
use crate::replica::{Mode, Replica};
use futures_util::future::join_all;
use gateway::config::Timeouts;
use reqwest::Method;
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;

const SHORT: Duration = Duration::from_millis(100);

/// Time-outs with health checks, which a replica has time to answer on a busy machine.
fn with_health_checks() -> Timeouts {
    Timeouts { health_check_interval: SHORT, health_check: Duration::from_millis(700), ..timeouts() }
}

/// A gateway with two replicas, of which it has ejected the second, which answers again.
async fn spawn_with_one_ejected(timeouts: Timeouts) -> TestCluster {
    let cluster = spawn(2, timeouts).await;
    cluster.wait_for_answer_of(1).await;
    cluster.replicas[1].die().await;
    for _ in 0..4 {
        cluster.answering_replica().await;
    }
    cluster.replicas[1].revive().await;
    cluster
}

#[tokio::test]
async fn five_consecutive_failures_eject_a_replica() {
    let cluster = spawn(2, timeouts()).await;
    cluster.wait_for_answer_of(1).await;
    cluster.replicas[1].set(Mode::HangsUp);
    let before = cluster.replicas[1].count();
    let mut failed = 0;
    for number in 0..40 {
        let answer = cluster.post(&format!("post-{number}"), None).await;
        failed += usize::from(answer.status != 200);
    }
    assert_eq!((failed, cluster.replicas[1].count() - before), (5, 5));
}

#[tokio::test]
async fn four_consecutive_failures_do_not_eject_a_replica() {
    let cluster = spawn(2, timeouts()).await;
    for _ in 0..3 {
        cluster.wait_for_answer_of(1).await;
        cluster.replicas[1].set(Mode::HangsUp);
        let before = cluster.replicas[1].count();
        while cluster.replicas[1].count() < before + 4 {
            cluster.post("post", None).await;
        }
        cluster.replicas[1].set(Mode::Fine);
    }
    cluster.wait_for_answer_of(1).await;
}

#[tokio::test]
async fn an_oversized_response_head_is_no_failure_of_a_replica() {
    let cluster = spawn(2, timeouts()).await;
    cluster.wait_for_answer_of(1).await;
    cluster.replicas[1].set(Mode::LongHead);
    let before = cluster.replicas[1].count();
    let mut refused = 0;
    for number in 0..40 {
        // It is not asked for a second time, which would have the same outcome.
        let id = format!("get-{number}");
        refused += usize::from(cluster.send(Method::GET, &id).await.status == 503);
        assert_eq!(cluster.request_count(&id), 1);
    }
    assert!(refused > 10, "{refused}");
    assert_eq!(cluster.replicas[1].count() - before, refused);
    cluster.replicas[1].set(Mode::Fine);
    cluster.wait_for_answer_of(1).await;
}

#[tokio::test]
async fn an_ejected_replica_comes_back() {
    let cluster = spawn_with_one_ejected(Timeouts { base_ejection: SHORT, ..timeouts() }).await;
    cluster.wait_for_answer_of(1).await;
}

#[tokio::test]
async fn a_health_check_ends_the_ejection_of_an_unreached_replica() {
    let cluster = spawn_with_one_ejected(with_health_checks()).await;
    // Its time would be over in an hour.
    cluster.wait_for_answer_of(1).await;
}

#[tokio::test]
async fn with_all_replicas_ejected_requests_are_still_sent() {
    let cluster = spawn(2, timeouts()).await;
    cluster.wait_for_answer_of(1).await;
    cluster.replicas.iter().for_each(|replica| replica.set(Mode::HangsUp));
    for number in 0..20 {
        cluster.post(&format!("post-{number}"), None).await.expect(503);
    }
    cluster.replicas.iter().for_each(|replica| replica.set(Mode::Fine));
    cluster.answering_replica().await;

    for replica in &cluster.replicas {
        replica.die().await;
    }
    for _ in 0..5 {
        cluster.client.get(GET).await.expect(503);
    }
    cluster.replicas[0].revive().await;
    cluster.answering_replica().await;
}

#[tokio::test]
async fn retries_stay_within_a_fifth_when_everything_fails() {
    let cluster = spawn(2, timeouts()).await;
    cluster.wait_for_answer_of(1).await;
    cluster.replicas.iter().for_each(|replica| replica.set(Mode::HangsUp));
    let before = cluster.replicas.iter().map(Replica::count).sum::<usize>();
    for _ in 0..200 {
        cluster.client.get(GET).await.expect(503);
    }
    let repeats = cluster.replicas.iter().map(Replica::count).sum::<usize>() - before - 200;
    // A fifth, and ten that each worker has from before.
    assert!((40..=60).contains(&repeats), "{repeats}");
}

#[tokio::test]
async fn a_hanging_replica_is_ejected_and_its_safe_requests_are_retried_elsewhere() {
    let cluster = spawn(2, with_health_checks()).await;
    cluster.wait_for_answer_of(1).await;
    cluster.replicas[1].set(Mode::Silent);
    // Within the time-out of 30 seconds, each of these would wait for the one that hangs.
    let answers = timeout(SOON, join_all((0..8).map(|_| cluster.client.get(GET)))).await.expect("answers");
    for answer in answers {
        assert_eq!(cluster.replica_of(&answer.expect(200)), 0);
    }
    let before = cluster.replicas[1].count();
    for _ in 0..10 {
        cluster.answering_replica().await;
    }
    assert_eq!(cluster.replicas[1].count(), before);
    cluster.replicas[1].set(Mode::Fine);
    cluster.wait_for_answer_of(1).await;
}

#[tokio::test]
async fn an_error_response_is_passed_on_and_is_no_failure() {
    let cluster = spawn(2, timeouts()).await;
    cluster.wait_for_answer_of(1).await;
    cluster.replicas[1].set(Mode::Unwell);
    let before = cluster.replicas[1].count();
    let mut refused = 0;
    for _ in 0..40 {
        let answer = cluster.client.get(GET).await;
        refused += usize::from(answer.status == 503 && answer.text == "fine");
    }
    assert_eq!((refused, cluster.replicas[1].count() - before), (20, 20));
}

#[tokio::test]
async fn a_service_is_ready_if_one_replica_is() {
    let cluster = spawn(2, timeouts()).await;
    cluster.replicas[0].set(Mode::Unwell);
    cluster.client.get("/readyz").await.expect(200);
    cluster.replicas[1].die().await;
    let answer = cluster.client.get("/readyz").await.expect(503);
    assert_eq!(answer.json()["down"], json!(["auth", "chat", "branch"]));
}
