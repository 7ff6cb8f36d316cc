//! The gauges of the backlog.

use super::{Relay, outbox};
use diesel::dsl::{count_star, min};
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::service::Service;
use shared_store::{RunQueryDsl, StoreError, on};
use shared_web::metrics::{MetricFamilies, Metrics};
use std::time::Duration;

impl Relay {
    /// Adds the gauges of a service's backlog: the number of deliveries, and the age of the oldest.
    pub fn observe(&self, service: Service, metrics: &Metrics) {
        let relay = self.clone();
        metrics.observe_async(move || {
            let asked = relay.clone();
            // Spawned, as a connection of the pool must not belong to the runtime of the metrics.
            let backlog = relay.tasks.spawn(async move { asked.backlog().await });
            async move {
                let (deliveries, age) = backlog.await.ok()?.ok()?;
                let mut readings = MetricFamilies::default();
                let help = "Deletions and restores that other services have still to be told of";
                readings.gauge("outbox_deliveries", help, service, &[], deliveries);
                let help = "Seconds since the oldest of them became due, 0 where there is none";
                readings.gauge("outbox_oldest_delivery_age_seconds", help, service, &[], age.as_secs());
                Some(readings)
            }
        });
    }

    /// The number of deliveries, and the age of the oldest.
    async fn backlog(&self) -> Result<(i64, Duration), StoreError> {
        let figures = outbox::table.select((count_star(), min(outbox::created_at)));
        let read =
            self.store.read(move |session| async move { on!(session, |c| figures.first(c).await) }.boxed());
        let (deliveries, oldest): (i64, Option<Timestamp>) = read.await?;
        let age = oldest.map_or(0, |oldest| self.clock.now().as_micros() - oldest.as_micros());
        Ok((deliveries, Duration::from_micros(u64::try_from(age).unwrap_or_default())))
    }
}
