//! Health: `/livez` (the process responds) and `/readyz` (it can serve requests now).

use super::endpoint::public;
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig};
use futures_util::future::BoxFuture;
use serde_json::json;
use shared::error::{StoreFailure, StoreFault};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The time-out of the readiness probe.
const READINESS_TIMEOUT: Duration = Duration::from_secs(2);

type Probe = Arc<dyn Fn() -> BoxFuture<'static, Result<(), NotReady>> + Send + Sync>;

/// Why a service is not ready.
#[derive(Debug)]
pub struct NotReady {
    reason: &'static str,
    cause: String,
    down: Vec<&'static str>,
}

impl NotReady {
    /// Other services are not ready; the response names them in `down`. The cause goes to the log.
    pub fn down(services: Vec<&'static str>, cause: String) -> Self {
        Self { reason: "a service is not ready", cause, down: services }
    }
}

impl From<StoreFailure> for NotReady {
    /// The database cannot be used; the response says why in `reason`. The cause goes to the log.
    fn from(failure: StoreFailure) -> Self {
        let reason = match failure.fault {
            Some(StoreFault::Unavailable) | None => "the database does not answer",
            Some(StoreFault::Locked) => "the database is locked",
            Some(StoreFault::ReadOnly) => "the database is read-only",
            Some(StoreFault::Full) => "the database is full",
        };
        Self { reason, cause: failure.cause, down: Vec::new() }
    }
}

impl From<String> for NotReady {
    /// The database does not answer. The cause goes to the log.
    fn from(cause: String) -> Self {
        StoreFailure { fault: None, cause }.into()
    }
}

impl From<NotReady> for Problem {
    fn from(not_ready: NotReady) -> Self {
        let problem = Self::unavailable(not_ready.cause).with_member("reason", not_ready.reason);
        if not_ready.down.is_empty() { problem } else { problem.with_member("down", not_ready.down) }
    }
}

/// The readiness of a service: its probe succeeds, and it is not stopping.
#[derive(Clone)]
pub struct Readiness {
    probe: Probe,
    stopping_flag: Arc<AtomicBool>,
}

impl Readiness {
    /// Ready while `probe` succeeds; its error goes to the log.
    pub fn new<F, Fut, E>(probe: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<NotReady>,
    {
        let probe = move || -> BoxFuture<'static, Result<(), NotReady>> {
            let checked = probe();
            Box::pin(async move { checked.await.map_err(Into::into) })
        };
        Self { probe: Arc::new(probe), stopping_flag: Arc::default() }
    }

    /// The flag that says whether the service is stopping.
    pub(super) fn stopping_flag(&self) -> &Arc<AtomicBool> {
        &self.stopping_flag
    }

    async fn check(&self) -> Result<(), NotReady> {
        if self.stopping_flag.load(Ordering::Relaxed) {
            let reason = "the service is stopping";
            return Err(NotReady { reason, cause: reason.to_owned(), down: Vec::new() });
        }
        let checked = tokio::time::timeout(READINESS_TIMEOUT, (self.probe)()).await;
        checked.unwrap_or_else(|_| Err("timed out".to_owned().into()))
    }
}

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(public("/livez").get(get_livez)).service(public("/readyz").get(get_readyz));
}

async fn get_livez() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

async fn get_readyz(readiness: Data<Readiness>) -> Result<HttpResponse, Problem> {
    match readiness.check().await {
        Ok(()) => Ok(HttpResponse::Ok().json(json!({"status": "ready"}))),
        Err(not_ready) => Err(not_ready.into()),
    }
}
