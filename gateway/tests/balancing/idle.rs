//! Idle connections that the service has closed meanwhile.

use crate::app::{spawn, timeouts};
use crate::replica::Mode;

#[tokio::test]
async fn a_post_after_an_idle_connection_was_closed_is_carried_out_once() {
    let cluster = spawn(1, timeouts()).await;
    cluster.replicas[0].set(Mode::AnswersAndCloses);
    for number in 0..50 {
        let id = format!("post-{number}");
        cluster.post(&id, None).await.expect(200);
        // The end has arrived at the gateway's machine, if not at the gateway.
        cluster.replicas[0].wait_for_disconnect().await;
        assert_eq!(cluster.request_count(&id), 1);
    }
}

#[tokio::test]
async fn a_single_replica_is_retried_when_an_idle_connection_breaks() {
    let cluster = spawn(1, timeouts()).await;
    cluster.answering_replica().await;
    cluster.replicas[0].die().await;
    cluster.replicas[0].revive().await;
    cluster.answering_replica().await;
}
