//! Ready means here that every service is: that one of its replicas says so.

use crate::fleet::Fleet;
use crate::proxy::Upstream;
use futures_util::future::join_all;
use shared::server::{NotReady, Readiness};
use std::sync::Arc;
use std::time::Duration;

/// How long a service may take to say that it is ready; shorter than who asks the gateway waits.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Asks the `/readyz` of every replica.
pub(crate) fn of_services(fleet: Arc<Fleet>) -> Readiness {
    Readiness::new(move || {
        let fleet = Arc::clone(&fleet);
        async move {
            let down = join_all(Upstream::ALL.map(|upstream| why_down(&fleet, upstream))).await;
            let (names, causes): (Vec<_>, Vec<_>) = down.into_iter().flatten().unzip();
            if names.is_empty() { Ok(()) } else { Err(NotReady::down(names, causes.join("; "))) }
        }
    })
}

async fn why_down(fleet: &Fleet, upstream: Upstream) -> Option<(&'static str, String)> {
    let cause = fleet.of(upstream).are_ready(PATIENCE).await.err()?;
    Some((upstream.name(), format!("{upstream}: {cause}")))
}
