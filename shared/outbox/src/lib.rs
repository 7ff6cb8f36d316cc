#![doc = include_str!("../README.md")]

mod backlog;

use diesel::prelude::*;

use futures_util::{FutureExt as _, StreamExt as _, stream};
use shared::clock::{Clock, Timestamp};
use shared::error::causes;
use shared::ids::DeliveryId;
use shared::service::Service;
use shared::tasks::Tasks;
use shared_store::{RunQueryDsl, Store, StoreError, on};
use shared_web::service_client::{Method, ServiceClient};
use shared_web::telemetry::{Trace, TraceContext};
use std::time::Duration;
use tracing::Instrument as _;

/// The target of log events: that of the module before it was a crate of its own, as logs are filtered by it.
const LOG_TARGET: &str = "shared::store::outbox";

diesel::table! {
    use diesel::sql_types::{Integer, Text};
    use shared::sql_types::{Instant, Uid};

    /// The same table in every service that has an outbox.
    outbox (id) {
        /// The row.
        id -> Uid,
        /// The name of the service that is called.
        destination -> Text,
        /// The method of the request: `DELETE` or `PUT`.
        method -> Text,
        /// The internal path, with its query.
        path -> Text,
        /// The id of the request that made it due.
        request_id -> Text,
        /// The time at which it became due.
        created_at -> Instant,
        /// The number of failed attempts.
        attempts -> Integer,
        /// The time of the relay's next attempt.
        next_attempt_at -> Instant,
    }
}

/// How long the request that wrote a row waits for its delivery at most.
const DELIVERY_WAIT: Duration = Duration::from_secs(1);
/// How long the relay leaves a new row to the request.
const RELAY_DELAY: Duration = Duration::from_secs(2);
/// The interval of the relay's polling.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The longest backoff between two attempts: all rows are delivered within 30 s of a restart.
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// The rows of a batch, and how many of them are delivered concurrently.
const ROWS_PER_BATCH: i64 = 100;
const MAX_CONCURRENT_DELIVERIES: usize = 8;

/// An owed request without a body.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = outbox)]
pub struct Delivery {
    id: DeliveryId,
    destination: String,
    method: String,
    path: String,
    request_id: String,
    created_at: Timestamp,
    attempts: i32,
    next_attempt_at: Timestamp,
}

impl Delivery {
    /// A `DELETE` at `destination`. Insert it into [`outbox`] in the transaction that makes it due.
    pub fn delete(destination: Service, path: String, trace: &Trace, now: Timestamp) -> Self {
        Self::new(&Method::DELETE, destination, path, trace, now)
    }

    /// A `PUT` at `destination`, whose path and query say all. Insert it into [`outbox`] in the transaction that makes it due.
    pub fn put(destination: Service, path: String, trace: &Trace, now: Timestamp) -> Self {
        Self::new(&Method::PUT, destination, path, trace, now)
    }

    fn new(method: &Method, destination: Service, path: String, trace: &Trace, now: Timestamp) -> Self {
        Self {
            id: DeliveryId::generate(),
            destination: destination.name().to_owned(),
            method: method.to_string(),
            path,
            request_id: trace.request_id.clone(),
            created_at: now,
            attempts: 0,
            next_attempt_at: now.plus(RELAY_DELAY),
        }
    }
}

/// The relay of an outbox: it delivers the rows. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Relay {
    store: Store,
    clients: Vec<(Service, ServiceClient)>,
    clock: Clock,
    tasks: Tasks,
}

impl Relay {
    /// A relay of the outbox of `store` to these services.
    pub fn new(store: Store, clients: Vec<(Service, ServiceClient)>, clock: Clock, tasks: Tasks) -> Self {
        Self { store, clients, clock, tasks }
    }

    /// Delivers what a request of this trace has committed, and waits up to a second for it. Failures are left to the relay's polling.
    pub async fn deliver_now(&self, deliveries: Vec<Delivery>, context: &TraceContext) {
        let (relay, context) = (self.clone(), context.clone());
        let work = self.tasks.spawn(async move { relay.deliver_all(deliveries, Some(&context)).await });
        // A delivery that takes longer goes on in its task.
        drop(tokio::time::timeout(DELIVERY_WAIT, work).await);
    }

    /// Polls and delivers until the service stops.
    pub fn spawn(&self) {
        let relay = self.clone();
        self.tasks.every_while_busy(POLL_INTERVAL, Duration::ZERO, move || {
            let relay = relay.clone();
            async move {
                relay.deliver_due().await.unwrap_or_else(|error| {
                    tracing::error!(target: LOG_TARGET, error = causes(&error), "the outbox cannot be read");
                    false
                })
            }
        });
    }

    /// Delivers a batch of due rows, and returns whether there may be more.
    async fn deliver_due(&self) -> Result<bool, StoreError> {
        let due = outbox::table
            .filter(outbox::next_attempt_at.le(self.clock.now()))
            .order((outbox::next_attempt_at, outbox::id))
            .limit(ROWS_PER_BATCH);
        let read = self.store.read(move |session| {
            async move { on!(session, |c| due.select(Delivery::as_select()).load(c).await) }.boxed()
        });
        let rows: Vec<Delivery> = read.await?;
        let full = i64::try_from(rows.len()) == Ok(ROWS_PER_BATCH);
        self.deliver_all(rows, None).await;
        Ok(full)
    }

    async fn deliver_all(&self, deliveries: Vec<Delivery>, context: Option<&TraceContext>) {
        let attempts = deliveries.into_iter().map(|delivery| {
            let mut trace = Trace::resumed(delivery.request_id.clone());
            trace.context = context.cloned().unwrap_or(trace.context);
            let (request_id, trace_id) = (trace.request_id.as_str(), trace.context.trace_id());
            let span = tracing::info_span!(target: LOG_TARGET, "delivery", request_id, %trace_id);
            self.attempt(delivery, trace).instrument(span)
        });
        stream::iter(attempts).buffer_unordered(MAX_CONCURRENT_DELIVERIES).collect::<()>().await;
    }

    async fn attempt(&self, delivery: Delivery, trace: Trace) {
        let recorded = match self.send(&delivery, &trace).await {
            Ok(()) => self.delete(&delivery).await,
            Err(error) => {
                tracing::warn!(
                    target: LOG_TARGET,
                    error,
                    destination = delivery.destination,
                    attempts = delivery.attempts + 1,
                    "a delivery failed and will be tried again"
                );
                self.reschedule(&delivery).await
            }
        };
        if let Err(error) = recorded {
            tracing::error!(target: LOG_TARGET, error = causes(&error), "the outbox cannot be written");
        }
    }

    async fn send(&self, delivery: &Delivery, trace: &Trace) -> Result<(), String> {
        let client = self.clients.iter().find(|(service, _)| service.name() == delivery.destination);
        let (_, client) = client.ok_or("no such service")?;
        let method = delivery.method.parse().map_err(|_| "no such method")?;
        client.deliver(method, &delivery.path, trace).await.map_err(|error| error.to_string())
    }

    async fn delete(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let delete = diesel::delete(outbox::table.find(delivery.id));
        let deleted = self.store.write_statement(move |session| {
            async move { on!(session, |c| delete.execute(c).await).map(drop) }.boxed()
        });
        deleted.await
    }

    async fn reschedule(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let next = self.clock.now().plus(backoff(delivery.attempts));
        let update = diesel::update(outbox::table.find(delivery.id))
            .set((outbox::attempts.eq(delivery.attempts + 1), outbox::next_attempt_at.eq(next)));
        let updated = self.store.write_statement(move |session| {
            async move { on!(session, |c| update.execute(c).await).map(drop) }.boxed()
        });
        updated.await
    }
}

/// Exponential backoff: 0.5 s, doubled with each attempt, at most [`MAX_BACKOFF`].
fn backoff(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts.clamp(0, 10)).unwrap_or(0);
    Duration::from_millis(500).saturating_mul(2_u32.pow(doublings)).min(MAX_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_its_maximum() {
        assert_eq!(backoff(0), Duration::from_millis(500));
        assert_eq!(backoff(2), Duration::from_secs(2));
        assert_eq!(backoff(i32::MAX), MAX_BACKOFF);
    }
}
