//! An open-loop load generator: each request is sent when it is due, whether earlier ones are answered or not, and its
//! latency counts from when it was due (no coordinated omission).
//!
//! A connection carries one request at a time. Connections are added as needed, up to a bound; beyond that a request waits
//! here, and the wait counts.

use crate::connection::{RequestTemplate, send};
use crate::schedule::Schedule;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep, timeout_at};

/// The interval at which due requests are sent.
const TICK: Duration = Duration::from_millis(1);

/// The outcome of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestOutcome {
    /// Answered with success.
    Accepted,
    /// Answered with 429 or 503.
    Rejected,
    /// Answered otherwise, or not at all.
    Failed,
}

/// The measurement of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// When it was due.
    pub(crate) due: Instant,
    /// The time from then until it was sent.
    pub(crate) lag: Duration,
    /// The time from when it was due until it was answered.
    pub(crate) latency: Duration,
    pub(crate) outcome: RequestOutcome,
}

/// The generator, with its samples.
pub(crate) struct Generator {
    address: SocketAddr,
    templates: Vec<RequestTemplate>,
    sent_count: Cell<usize>,
    request_timeout: Duration,
    max_connections: usize,
    connections: Cell<usize>,
    busy: Cell<usize>,
    due: RefCell<VecDeque<Instant>>,
    wake: Semaphore,
    samples: RefCell<Vec<Sample>>,
    failures: RefCell<BTreeMap<String, usize>>,
}

impl Generator {
    /// A generator without connections yet. `request_timeout` counts from when a request was due.
    pub(crate) fn new(
        address: SocketAddr,
        templates: Vec<RequestTemplate>,
        request_timeout: Duration,
        max_connections: usize,
    ) -> Rc<Self> {
        Rc::new(Self {
            address,
            templates,
            sent_count: Cell::new(0),
            request_timeout,
            max_connections,
            connections: Cell::new(0),
            busy: Cell::new(0),
            due: RefCell::default(),
            wake: Semaphore::new(0),
            samples: RefCell::default(),
            failures: RefCell::default(),
        })
    }

    /// Offers requests at this rate for this time. Drops those that were not sent by its end, and returns their number.
    pub(crate) async fn offer(self: &Rc<Self>, schedule: Schedule, time: Duration) -> usize {
        let started = Instant::now();
        let mut offered = 0;
        while started.elapsed() < time {
            let due_by_now = schedule.due_by(started.elapsed());
            for number in offered..due_by_now {
                self.due.borrow_mut().push_back(started + schedule.due(number));
                self.add_connection();
                self.wake.add_permits(1);
            }
            offered = due_by_now;
            sleep(TICK).await;
        }
        self.due.borrow_mut().drain(..).count()
    }

    /// Waits for all responses, and returns the samples.
    pub(crate) async fn wait_for_responses(&self) -> Vec<Sample> {
        while self.busy.get() > 0 {
            sleep(TICK).await;
        }
        self.samples.take()
    }

    /// Failures by cause.
    pub(crate) fn failures(&self) -> BTreeMap<String, usize> {
        self.failures.borrow().clone()
    }

    /// The number of connections.
    pub(crate) fn connections(&self) -> usize {
        self.connections.get()
    }

    /// Adds a connection if all are busy, up to the bound.
    fn add_connection(self: &Rc<Self>) {
        let wanted = self.busy.get() + self.due.borrow().len();
        if wanted > self.connections.get() && self.connections.get() < self.max_connections {
            self.connections.set(self.connections.get() + 1);
            spawn_local(Rc::clone(self).run_connection());
        }
    }

    async fn run_connection(self: Rc<Self>) {
        let mut connection = None;
        while let Ok(woken) = self.wake.acquire().await {
            woken.forget();
            let Some(due) = self.due.borrow_mut().pop_front() else {
                continue;
            };
            self.busy.set(self.busy.get() + 1);
            let lag = due.elapsed();
            let Some(template) = self.next_template() else {
                return;
            };
            let outcome =
                match timeout_at(due + self.request_timeout, send(&mut connection, self.address, template))
                    .await
                {
                    Ok(Ok(status)) if status.is_success() => RequestOutcome::Accepted,
                    Ok(Ok(status)) if matches!(status.as_u16(), 429 | 503) => RequestOutcome::Rejected,
                    Ok(Ok(status)) => self.record_failure(status.to_string()),
                    Ok(Err(error)) => self.record_failure(error.to_string()),
                    Err(_) => self.record_failure("no answer in time".to_owned()),
                };
            self.samples.borrow_mut().push(Sample { due, lag, latency: due.elapsed(), outcome });
            self.busy.set(self.busy.get() - 1);
        }
    }

    /// The next template, round robin.
    fn next_template(&self) -> Option<&RequestTemplate> {
        self.sent_count.set(self.sent_count.get().wrapping_add(1));
        self.templates.get(self.sent_count.get() % self.templates.len().max(1))
    }

    fn record_failure(&self, why: String) -> RequestOutcome {
        *self.failures.borrow_mut().entry(why).or_default() += 1;
        RequestOutcome::Failed
    }
}

/// The latencies of requests with this outcome.
pub(crate) fn latencies(samples: &[Sample], outcome: RequestOutcome) -> Vec<Duration> {
    samples.iter().filter(|sample| sample.outcome == outcome).map(|sample| sample.latency).collect()
}
