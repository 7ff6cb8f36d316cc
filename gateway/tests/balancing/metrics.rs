//! Metrics of replicas.

use crate::app::{SOON, Town, spawn, timeouts};
use crate::replica::Mode;
use shared_test_kit::Samples;

const UP: &str = "gateway_upstream_replica_up";
const EJECTED: &str = "gateway_upstream_replica_ejected";
const IN_FLIGHT: &str = "gateway_upstream_replica_requests_in_flight";
const RETRIES: &str = "gateway_upstream_replica_retries_total";

impl Town {
    /// What a metric says of a replica now.
    async fn told(&self, metric: &str, replica: usize) -> Option<f64> {
        let address = format!("address=\"{}\"", self.replicas[replica].address);
        let labels = ["service_name=\"gateway\"", "upstream=\"chat\"", &address];
        Samples::of(&self.metrics).await.sum(metric, &labels)
    }
}

#[tokio::test]
async fn metrics_show_an_ejected_replica_and_retries() {
    let town = spawn(2, timeouts()).await;
    town.until_answers(1).await;
    for replica in [0, 1] {
        assert_eq!(town.told(UP, replica).await, Some(1.0));
        assert_eq!(town.told(EJECTED, replica).await, Some(0.0));
        assert_eq!(town.told(RETRIES, replica).await, Some(0.0));
    }
    town.replicas[1].die().await;
    for _ in 0..4 {
        town.who().await;
    }
    assert_eq!(town.told(UP, 1).await, Some(0.0));
    assert_eq!(town.told(EJECTED, 1).await, Some(1.0));
    assert_eq!(town.told(UP, 0).await, Some(1.0));
    assert_eq!(town.told(RETRIES, 0).await, Some(1.0));
}

#[tokio::test]
async fn metrics_show_requests_in_flight() {
    let town = spawn(1, timeouts()).await;
    town.who().await;
    assert_eq!(town.told(IN_FLIGHT, 0).await, Some(0.0));
    town.replicas[0].set(Mode::Silent);
    let before = town.replicas[0].count();
    let client = town.client.clone();
    let request = tokio::spawn(async move { client.get(crate::app::GET).await });
    while town.replicas[0].count() == before {
        tokio::task::yield_now().await;
    }
    assert_eq!(town.told(IN_FLIGHT, 0).await, Some(1.0));
    town.replicas[0].set(Mode::Fine);
    request.await.unwrap().expect(200);
}

#[tokio::test]
async fn metrics_of_a_removed_address_disappear() {
    let town = spawn(2, timeouts()).await;
    town.until_answers(1).await;
    assert!(town.told(UP, 1).await.is_some());
    town.name(0..1);
    let gone = async { while town.told(UP, 1).await.is_some() {} };
    tokio::time::timeout(SOON, gone).await.expect("it is gone");
    let series = Samples::of(&town.metrics).await;
    let address = town.replicas[1].address.to_string();
    // The other services have their names still.
    let of_chat = series.0.keys().filter(|series| series.contains("\"chat\""));
    assert!(of_chat.clone().all(|series| !series.contains(&address)), "{series:?}");
    let count = series.sum("gateway_upstream_replicas", &["upstream=\"chat\""]);
    assert_eq!(count, Some(1.0));
}
