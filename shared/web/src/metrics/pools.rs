//! Metrics of connection pools, by OpenTelemetry's names.

use crate::metrics::collector::MetricFamilies;
use shared::pool_state::PoolState;
use shared::service::Service;

const NAME: &str = "db_client_connection_pool_name";
const STATE: &str = "db_client_connection_state";

impl MetricFamilies {
    /// Adds the gauges of a pool.
    pub fn pool(&mut self, service: Service, pool: &PoolState) {
        for (state, count) in [("used", pool.used), ("idle", pool.idle)] {
            let labels = [(NAME, pool.name), (STATE, state)];
            let help = "Connections to the database, at work and free";
            self.gauge("db_client_connection_count", help, service, &labels, count);
        }
        let labels = [(NAME, pool.name)];
        let help = "The most connections to the database that there may be";
        self.gauge("db_client_connection_max", help, service, &labels, pool.max);
        let help = "Requests that wait for a connection to the database";
        self.gauge("db_client_connection_pending_requests", help, service, &labels, pool.waiting);
    }
}
