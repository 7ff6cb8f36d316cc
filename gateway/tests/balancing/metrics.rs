//! Metrics of replicas.

use crate::app::{SOON, TestCluster, spawn, timeouts};
use crate::replica::Mode;
use shared_test_kit::Samples;

const UP: &str = "gateway_upstream_replica_up";
const EJECTED: &str = "gateway_upstream_replica_ejected";
const IN_FLIGHT: &str = "gateway_upstream_replica_requests_in_flight";
const RETRIES: &str = "gateway_upstream_replica_retries_total";

impl TestCluster {
    /// What a metric says of a replica now.
    async fn sample(&self, metric: &str, replica: usize) -> Option<f64> {
        let address = format!("address=\"{}\"", self.replicas[replica].address);
        let labels = ["service_name=\"gateway\"", "upstream=\"chat\"", &address];
        Samples::of(&self.metrics).await.sum(metric, &labels)
    }
}

#[tokio::test]
async fn metrics_show_an_ejected_replica_and_retries() {
    let cluster = spawn(2, timeouts()).await;
    cluster.wait_for_answer_of(1).await;
    for replica in [0, 1] {
        assert_eq!(cluster.sample(UP, replica).await, Some(1.0));
        assert_eq!(cluster.sample(EJECTED, replica).await, Some(0.0));
        assert_eq!(cluster.sample(RETRIES, replica).await, Some(0.0));
    }
    cluster.replicas[1].die().await;
    for _ in 0..4 {
        cluster.answering_replica().await;
    }
    assert_eq!(cluster.sample(UP, 1).await, Some(0.0));
    assert_eq!(cluster.sample(EJECTED, 1).await, Some(1.0));
    assert_eq!(cluster.sample(UP, 0).await, Some(1.0));
    assert_eq!(cluster.sample(RETRIES, 0).await, Some(1.0));
}

#[tokio::test]
async fn metrics_show_requests_in_flight() {
    let cluster = spawn(1, timeouts()).await;
    cluster.answering_replica().await;
    assert_eq!(cluster.sample(IN_FLIGHT, 0).await, Some(0.0));
    cluster.replicas[0].set(Mode::Silent);
    let before = cluster.replicas[0].count();
    let client = cluster.client.clone();
    let request = tokio::spawn(async move { client.get(crate::app::GET).await });
    while cluster.replicas[0].count() == before {
        tokio::task::yield_now().await;
    }
    assert_eq!(cluster.sample(IN_FLIGHT, 0).await, Some(1.0));
    cluster.replicas[0].set(Mode::Fine);
    request.await.unwrap().expect(200);
}

#[tokio::test]
async fn metrics_of_a_removed_address_disappear() {
    let cluster = spawn(2, timeouts()).await;
    cluster.wait_for_answer_of(1).await;
    assert!(cluster.sample(UP, 1).await.is_some());
    cluster.resolve_to(0..1);
    let gone = async { while cluster.sample(UP, 1).await.is_some() {} };
    tokio::time::timeout(SOON, gone).await.expect("it is gone");
    let series = Samples::of(&cluster.metrics).await;
    let address = cluster.replicas[1].address.to_string();
    // The other services have their names still.
    let of_chat = series.0.keys().filter(|series| series.contains("\"chat\""));
    assert!(of_chat.clone().all(|series| !series.contains(&address)), "{series:?}");
    let count = series.sum("gateway_upstream_replicas", &["upstream=\"chat\""]);
    assert_eq!(count, Some(1.0));
}
