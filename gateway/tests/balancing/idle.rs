//! Idle connections that the service has closed meanwhile.

use crate::app::{spawn, timeouts};
use crate::replica::Mode;

#[tokio::test]
async fn a_post_after_an_idle_connection_was_closed_is_carried_out_once() {
    let town = spawn(1, timeouts()).await;
    town.replicas[0].set(Mode::AnswersAndCloses);
    for number in 0..50 {
        let id = format!("post-{number}");
        town.post(&id, None).await.expect(200);
        // The end has arrived at the gateway's machine, if not at the gateway.
        town.replicas[0].is_left().await;
        assert_eq!(town.times(&id), 1);
    }
}

#[tokio::test]
async fn a_single_replica_is_retried_when_an_idle_connection_breaks() {
    let town = spawn(1, timeouts()).await;
    town.who().await;
    town.replicas[0].die().await;
    town.replicas[0].revive().await;
    town.who().await;
}
