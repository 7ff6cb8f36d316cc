//! The concurrency limits of a service's replicas, by class of request.

use super::config::ConcurrencyConfig;
use super::limiter::ConcurrencyLimiter;
use super::permit::Permit;
use super::stream_limiter::StreamLimiter;
use crate::routing::class::RequestClass;
use crate::routing::upstream::Upstream;
use shared::service::Service;
use shared_web::metrics::{LimitHits, Metrics};

/// Makes the limits of a service's replicas, which share configuration and metrics.
pub(crate) struct ReplicaLimitsFactory {
    /// `None` where nothing is limited.
    config: Option<ConcurrencyConfig>,
    hits: LimitHits,
}

impl ReplicaLimitsFactory {
    pub(crate) fn new(config: Option<ConcurrencyConfig>, upstream: Upstream, metrics: &Metrics) -> Self {
        let name = match upstream {
            Upstream::Auth => "upstream_auth",
            Upstream::Chat => "upstream_chat",
            Upstream::Branch => "upstream_branch",
            Upstream::Answer => "upstream_answer",
        };
        Self { config, hits: metrics.limit_hits_counter(Service::Gateway, name) }
    }

    /// The limits of a new replica.
    pub(crate) fn for_replica(&self) -> ReplicaLimits {
        let Some(config) = self.config else {
            return ReplicaLimits::default();
        };
        let limiter = |permits| Some(ConcurrencyLimiter::new(permits, config.waiting, self.hits.clone()));
        ReplicaLimits {
            reads: limiter(config.reads),
            writes: limiter(config.writes),
            passwords: limiter(config.passwords),
            answers: Some(StreamLimiter::new(config.answers, self.hits.clone())),
        }
    }
}

/// The limiters of one replica, by class; `None` where there is no limit.
#[derive(Default)]
pub(crate) struct ReplicaLimits {
    reads: Option<ConcurrencyLimiter>,
    writes: Option<ConcurrencyLimiter>,
    passwords: Option<ConcurrencyLimiter>,
    answers: Option<StreamLimiter>,
}

impl ReplicaLimits {
    /// Acquires a permit for a request of this class; `None` if none became available in time.
    pub(crate) async fn acquire(&self, class: RequestClass) -> Option<Permit<'_>> {
        let limiter = match class {
            RequestClass::Read => &self.reads,
            RequestClass::Write => &self.writes,
            RequestClass::Password => &self.passwords,
            RequestClass::Answer => {
                return match &self.answers {
                    Some(limiter) => limiter.try_acquire().map(Permit::for_stream),
                    None => Some(Permit::unlimited()),
                };
            }
        };
        match limiter {
            Some(limiter) => Permit::acquire(limiter).await,
            None => Some(Permit::unlimited()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;

    #[tokio::test(start_paused = true)]
    async fn each_class_has_permits_of_its_own_unless_nothing_is_limited() {
        let config = Some(ConcurrencyConfig { reads: 1, writes: 1, passwords: 1, answers: 1, waiting: 0 });
        let limits = ReplicaLimitsFactory::new(config, Upstream::Chat, &Metrics::off()).for_replica();

        let classes = [RequestClass::Read, RequestClass::Write, RequestClass::Password, RequestClass::Answer];
        let permits = join_all(classes.map(|class| limits.acquire(class))).await;

        assert!(permits.iter().all(Option::is_some));
        assert!(limits.acquire(RequestClass::Read).await.is_none());
        assert!(limits.acquire(RequestClass::Answer).await.is_none());

        let limits = ReplicaLimitsFactory::new(None, Upstream::Chat, &Metrics::off()).for_replica();
        let permits = join_all((0..1000).map(|_| limits.acquire(RequestClass::Read))).await;
        assert!(permits.iter().all(Option::is_some));
    }
}
