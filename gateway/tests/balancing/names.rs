//! Service discovery by DNS.

use crate::app::{GET, NAME, NEVER, SOON, spawn, spawn_gateway, timeouts, unused_subnet};
use crate::replica::Replica;
use gateway::config::{Resolution, Timeouts};
use shared_test_kit::DnsServer;

#[tokio::test]
async fn a_failed_lookup_changes_nothing() {
    let cluster = spawn(2, timeouts()).await;
    cluster.wait_for_answer_of(1).await;
    cluster.names.fail(NAME);
    cluster.wait_for_lookup().await;
    for _ in 0..10 {
        cluster.answering_replica().await;
    }
}

#[tokio::test]
async fn a_name_without_an_address_is_a_503_until_it_has_one() {
    let cluster = spawn(1, timeouts()).await;
    cluster.answering_replica().await;
    cluster.names.remove(NAME);
    let refused = async {
        loop {
            let answer = cluster.client.get(GET).await;
            if answer.status != 200 {
                return answer;
            }
        }
    };
    let answer = tokio::time::timeout(SOON, refused).await.unwrap().expect(503);
    assert_eq!((answer.code().as_str(), answer.header("retry-after")), ("service_unavailable", "1"));
    cluster.resolve_to(0..1);
    cluster.wait_for_lookup().await;
    cluster.answering_replica().await;
}

#[tokio::test]
async fn a_failed_address_triggers_a_lookup_at_once() {
    let timeouts = Timeouts { dns_refresh_interval: NEVER, ..timeouts() };
    let cluster = spawn(2, timeouts).await;
    cluster.wait_for_answer_of(1).await;
    cluster.replicas[1].die().await;
    let asked = cluster.names.wait_for_queries(NAME, 2);
    cluster.answering_replica().await;
    cluster.answering_replica().await;
    tokio::time::timeout(SOON, asked).await.expect("the name is looked up long before its time");
}

#[tokio::test]
async fn a_dns_response_too_long_for_udp_is_read_and_refusing_addresses_are_skipped() {
    let cluster = spawn(1, timeouts()).await;
    let subnet = unused_subnet();
    let mut addresses: Vec<_> = (2..60).map(subnet).collect();
    addresses.push(cluster.replicas[0].address.ip());
    cluster.names.set(NAME, &addresses);
    cluster.wait_for_lookup().await;
    let before = cluster.replicas[0].count();
    for number in 0..10 {
        cluster.post(&format!("post-{number}"), None).await.expect(200);
    }
    assert_eq!(cluster.replicas[0].count(), before + 10);
    assert!(cluster.names.tcp_queries() > 0);
}

#[tokio::test]
async fn the_gateway_starts_while_dns_fails() {
    let cluster = spawn(1, timeouts()).await;
    let names = DnsServer::start().await;
    names.fail(NAME);
    let resolution = Resolution::Nameserver(names.address());
    let port = cluster.replicas[0].address.port();
    let (client, _gateway) = spawn_gateway([NAME; 3], port, timeouts(), resolution);
    client.get(GET).await.expect(503);
    names.set(NAME, &[cluster.replicas[0].address.ip()]);
    names.wait_for_queries(NAME, 16).await;
    client.get(GET).await.expect(200);
}

#[tokio::test]
async fn localhost_is_resolved_by_the_machine() {
    let replica = Replica::start("127.0.0.1:0".parse().unwrap()).await;
    let port = replica.address.port();
    let (client, _gateway) = spawn_gateway(["localhost"; 3], port, timeouts(), Resolution::System);
    client.get(GET).await.expect(200);
    assert_eq!(replica.count(), 1);
}
