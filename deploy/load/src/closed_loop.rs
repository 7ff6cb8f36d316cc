//! A closed loop: each client sends its next request when the one before is answered.

use crate::connection::{Connection, RequestTemplate, send};
use crate::figures::rate;
use futures_util::future::join_all;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// The time-out of a request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause of a client whose request failed.
const RETRY_INTERVAL: Duration = Duration::from_millis(1);

/// Clients, each with a connection that is kept between runs.
pub(crate) struct ClosedLoop {
    address: SocketAddr,
    clients: Vec<Client>,
}

/// The measurements of the clients of a run.
#[derive(Debug, Default)]
pub(crate) struct LoopSamples {
    /// The time from the first request until the last one was answered.
    pub(crate) duration: Duration,
    /// The latencies of the requests that were answered with success.
    pub(crate) latencies: Vec<Duration>,
    /// The failed requests by cause.
    pub(crate) failures: BTreeMap<String, usize>,
}

struct Client {
    connection: Option<Connection>,
    templates: Vec<RequestTemplate>,
    sent_count: usize,
}

impl ClosedLoop {
    /// A closed loop with a client for each of these lists of requests, which the client sends in turn.
    pub(crate) fn new(address: SocketAddr, clients: Vec<Vec<RequestTemplate>>) -> Self {
        let client = |templates| Client { connection: None, templates, sent_count: 0 };
        Self { address, clients: clients.into_iter().map(client).collect() }
    }

    /// Runs the clients. After this time they send no more requests, and those that were sent are awaited.
    pub(crate) async fn run(&mut self, time: Duration) -> LoopSamples {
        let started = Instant::now();
        let clients = self.clients.iter_mut().map(|client| client.run(self.address, started + time));
        let mut all = LoopSamples::default();
        for one in join_all(clients).await {
            all.add(one);
        }
        all.duration = started.elapsed();
        all
    }
}

impl Client {
    async fn run(&mut self, address: SocketAddr, until: Instant) -> LoopSamples {
        let mut samples = LoopSamples::default();
        while Instant::now() < until {
            let Some(template) = self.templates.get(self.sent_count % self.templates.len().max(1)) else {
                break;
            };
            self.sent_count += 1;
            let started = Instant::now();
            let failure = match timeout(REQUEST_TIMEOUT, send(&mut self.connection, address, template)).await
            {
                Ok(Ok(status)) if status.is_success() => {
                    samples.latencies.push(started.elapsed());
                    continue;
                }
                Ok(Ok(status)) => status.to_string(),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer in time".to_owned(),
            };
            *samples.failures.entry(failure).or_default() += 1;
            sleep(RETRY_INTERVAL).await;
        }
        samples
    }
}

impl LoopSamples {
    /// The successful requests per second.
    pub(crate) fn goodput(&self) -> f64 {
        rate(self.latencies.len(), self.duration)
    }

    fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        for (cause, count) in other.failures {
            *self.failures.entry(cause).or_default() += count;
        }
    }
}
