//! Ready means here that every service is.

use crate::config::Upstreams;
use crate::proxy::Upstream;
use futures_util::future::join_all;
use shared::server::{NotReady, Readiness};
use std::time::Duration;

/// How long a service may take to say that it is ready; shorter than who asks the gateway waits.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Asks the `/readyz` of every service.
pub(crate) fn of_services(http: reqwest::Client, upstreams: Upstreams) -> Readiness {
    Readiness::new(move || {
        let http = http.clone();
        let upstreams = upstreams.clone();
        async move {
            let down = join_all(Upstream::ALL.map(|upstream| why_down(&http, &upstreams, upstream))).await;
            let (names, causes): (Vec<_>, Vec<_>) = down.into_iter().flatten().unzip();
            if names.is_empty() { Ok(()) } else { Err(NotReady::down(names, causes.join("; "))) }
        }
    })
}

async fn why_down(
    http: &reqwest::Client,
    upstreams: &Upstreams,
    upstream: Upstream,
) -> Option<(&'static str, String)> {
    let mut url = upstreams.url(upstream).clone();
    url.set_path("/readyz");
    let answer = http.get(url).timeout(PATIENCE).send().await;
    let error = answer.and_then(reqwest::Response::error_for_status).err()?;
    Some((upstream.name(), format!("{upstream}: {}", shared::problem::causes(&error))))
}
