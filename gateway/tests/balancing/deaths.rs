//! A replica that dies with requests in flight: which are retried, and that none is carried out twice.

use crate::app::{POST, TestCluster, spawn, timeouts};
use crate::replica::Mode;
use futures_util::future::join_all;
use reqwest::Method;
use shared_test_kit::Answer;

/// Sends a request again and again, each with an id of its own, until the first replica holds one of them; it dies then.
/// The answer to that one, and its id.
async fn held_by_a_dead_replica<F: Future<Output = Answer>>(
    cluster: &TestCluster,
    send: impl Fn(String) -> F,
) -> (Answer, String) {
    cluster.replicas[0].set(Mode::Silent);
    let sending = async {
        for number in 0.. {
            let id = format!("held-{number}");
            let answer = send(id.clone()).await;
            if cluster.replicas[0].count() > 0 {
                return (answer, id);
            }
        }
        unreachable!("there are many numbers")
    };
    let death = async {
        cluster.replicas[0].wait_for_requests(1).await;
        cluster.replicas[0].die().await;
    };
    tokio::join!(sending, death).0
}

#[tokio::test]
async fn a_safe_request_is_retried_on_another_replica() {
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        let cluster = spawn(2, timeouts()).await;
        let (answer, id) = held_by_a_dead_replica(&cluster, |id| {
            let (cluster, method) = (&cluster, method.clone());
            async move { cluster.send(method, &id).await }
        })
        .await;
        assert_eq!((cluster.replica_of(&answer.expect(200)), cluster.request_count(&id)), (1, 2), "{method}");
    }
}

#[tokio::test]
async fn a_sent_post_without_a_key_is_not_retried() {
    let cluster = spawn(2, timeouts()).await;
    let post = |id: String| {
        let cluster = &cluster;
        async move { cluster.post(&id, None).await }
    };
    let (answer, id) = held_by_a_dead_replica(&cluster, post).await;
    let answer = answer.expect(503);
    assert_eq!((answer.code().as_str(), answer.header("retry-after")), ("service_unavailable", "1"));
    assert_eq!(cluster.request_count(&id), 1);
}

#[tokio::test]
async fn a_post_with_a_key_is_retried_once_with_the_same_body() {
    let cluster = spawn(2, timeouts()).await;
    let post = |id: String| {
        let cluster = &cluster;
        async move { cluster.post(&id, Some("key")).await }
    };
    let (answer, id) = held_by_a_dead_replica(&cluster, post).await;
    assert_eq!((cluster.replica_of(&answer.expect(200)), cluster.request_count(&id)), (1, 2));
}

#[tokio::test]
async fn a_key_on_a_path_that_ignores_it_allows_no_retry() {
    let cluster = spawn(2, timeouts()).await;
    let put = |id: String| {
        let client = cluster.client.with_header("x-request-id", &id).with_header("idempotency-key", "key");
        async move { client.send(Method::POST, "/api/v1/chats/other", None).await }
    };
    held_by_a_dead_replica(&cluster, put).await.0.expect(503);
}

#[tokio::test]
async fn a_post_whose_key_is_not_passed_on_is_not_retried() {
    for headers in [
        &[("idempotency-key", "key"), ("connection", "idempotency-key")][..],
        &[("idempotency-key", "key"), ("connection", "keep-alive, Idempotency-Key")],
        &[("idempotency-key", "")],
        &[("idempotency-key", "  ")],
    ] {
        let cluster = spawn(2, timeouts()).await;
        let post = |id: String| {
            let client = cluster.client.with_header("x-request-id", &id);
            let client = headers.iter().fold(client, |client, (name, value)| client.with_header(name, value));
            async move { client.post(POST, &crate::app::body(&id)).await }
        };
        let (answer, id) = held_by_a_dead_replica(&cluster, post).await;
        answer.expect(503);
        assert_eq!(cluster.request_count(&id), 1, "{headers:?}");
    }
}

#[tokio::test]
async fn a_body_too_large_for_the_replay_buffer_is_not_retried() {
    let cluster = spawn(2, timeouts()).await;
    let post = |id: String| {
        let client = cluster.client.with_header("x-request-id", &id).with_header("idempotency-key", "key");
        async move { client.send(Method::POST, POST, Some("x".repeat(0x2_0000))).await }
    };
    let (answer, id) = held_by_a_dead_replica(&cluster, post).await;
    answer.expect(503);
    let seen = cluster.replicas.iter().flat_map(crate::replica::Replica::seen);
    assert_eq!(seen.filter(|seen| seen.id == id).count(), 1);
}

#[tokio::test]
async fn a_replica_death_under_load_fails_no_get_and_repeats_no_post() {
    let cluster = spawn(3, timeouts()).await;
    let client = |number: usize| {
        let cluster = &cluster;
        async move {
            let mut failed = 0;
            for request in 0..60 {
                let id = format!("{number}-{request}");
                if request % 5 == 0 {
                    let answer = cluster.post(&id, None).await;
                    assert!(cluster.request_count(&id) <= 1);
                    failed += usize::from(answer.status != 200);
                } else {
                    cluster.answering_replica().await;
                }
            }
            failed
        }
    };
    let death = async {
        cluster.replicas[1].wait_for_requests(20).await;
        cluster.replicas[1].die().await;
    };
    let (failed, ()) = tokio::join!(join_all((0..4).map(client)), death);
    // One that was on its way for each client at most.
    assert!(failed.iter().sum::<usize>() <= 4, "{failed:?}");
    let before = cluster.replicas[1].count();
    cluster.replicas[1].revive().await;
    for _ in 0..10 {
        cluster.answering_replica().await;
    }
    assert_eq!(cluster.replicas[1].count(), before, "it is left out for its time");
}
