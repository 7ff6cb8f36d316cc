//! Service discovery by DNS.

use crate::app::{GET, NAME, NEVER, SOON, spawn, spawn_gateway, street, timeouts};
use crate::replica::Replica;
use gateway::config::{Resolution, Timeouts};
use shared_test_kit::DnsServer;

#[tokio::test]
async fn a_failed_lookup_changes_nothing() {
    let town = spawn(2, timeouts()).await;
    town.until_answers(1).await;
    town.names.fail(NAME);
    town.is_looked_up().await;
    for _ in 0..10 {
        town.who().await;
    }
}

#[tokio::test]
async fn a_name_without_an_address_is_a_503_until_it_has_one() {
    let town = spawn(1, timeouts()).await;
    town.who().await;
    town.names.remove(NAME);
    let refused = async {
        loop {
            let answer = town.client.get(GET).await;
            if answer.status != 200 {
                return answer;
            }
        }
    };
    let answer = tokio::time::timeout(SOON, refused).await.unwrap().expect(503);
    assert_eq!((answer.code().as_str(), answer.header("retry-after")), ("service_unavailable", "1"));
    town.name(0..1);
    town.is_looked_up().await;
    town.who().await;
}

#[tokio::test]
async fn a_failed_address_triggers_a_lookup_at_once() {
    let timeouts = Timeouts { dns_refresh_interval: NEVER, ..timeouts() };
    let town = spawn(2, timeouts).await;
    town.until_answers(1).await;
    town.replicas[1].die().await;
    let asked = town.names.wait_for_queries(NAME, 2);
    town.who().await;
    town.who().await;
    tokio::time::timeout(SOON, asked).await.expect("the name is looked up long before its time");
}

#[tokio::test]
async fn a_dns_response_too_long_for_udp_is_read_and_refusing_addresses_are_skipped() {
    let town = spawn(1, timeouts()).await;
    let street = street();
    let mut addresses: Vec<_> = (2..60).map(street).collect();
    addresses.push(town.replicas[0].address.ip());
    town.names.set(NAME, &addresses);
    town.is_looked_up().await;
    let before = town.replicas[0].count();
    for number in 0..10 {
        town.post(&format!("post-{number}"), None).await.expect(200);
    }
    assert_eq!(town.replicas[0].count(), before + 10);
    assert!(town.names.tcp_queries() > 0);
}

#[tokio::test]
async fn the_gateway_starts_while_dns_fails() {
    let town = spawn(1, timeouts()).await;
    let names = DnsServer::start().await;
    names.fail(NAME);
    let resolution = Resolution::Nameserver(names.address());
    let port = town.replicas[0].address.port();
    let (client, _gateway) = spawn_gateway([NAME; 3], port, timeouts(), resolution);
    client.get(GET).await.expect(503);
    names.set(NAME, &[town.replicas[0].address.ip()]);
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
