//! The catalogue: the cached merged document.

use super::document::ServiceDocument;
use super::merge::{Merged, merge};
use crate::error::Error;
use crate::log_target;
use crate::routing::upstream::{Upstream, UpstreamUrls};
use actix_web::web::Bytes;
use futures_util::future::join_all;
use serde_json::json;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// A version of `OpenAPI`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// 3.1, the version of the services' documents.
    V31,
    /// 3.0, for tools that do not read 3.1.
    V30,
}

/// Fetches the documents of all services, and caches them for a short time.
pub(crate) struct Catalogue {
    http: reqwest::Client,
    upstreams: UpstreamUrls,
    ttl: Duration,
    /// Whether there is the page, whose session has routes.
    has_ui: bool,
    /// Locked during a fetch, so that concurrent requests share it.
    cached: Mutex<Cached>,
}

#[derive(Default)]
struct Cached {
    fetched: Option<Instant>,
    /// In the order of [`Upstream::ALL`].
    documents: [Option<ServiceDocument>; 4],
    /// In the order of [`Version`], without what [`complete`] adds.
    merged: [Bytes; 2],
}

impl Catalogue {
    /// An empty catalogue, which fetches again after the time to live.
    pub(crate) fn new(http: reqwest::Client, upstreams: UpstreamUrls, ttl: Duration, has_ui: bool) -> Self {
        Self { http, upstreams, ttl, has_ui, cached: Mutex::default() }
    }

    /// The merged document, for clients that reach the API at `server`. A service that is down now is in it as it was fetched last.
    pub(crate) async fn document(&self, version: Version, server: &str) -> Result<Bytes, Error> {
        let mut cached = self.cached.lock().await;
        if cached.fetched.is_none_or(|fetched| fetched.elapsed() >= self.ttl) {
            let fetched = join_all(Upstream::ALL.map(|upstream| self.fetch(upstream))).await;
            cached.update(fetched, self.has_ui);
        }
        Ok(complete(version, server, cached.merged()?))
    }

    async fn fetch(&self, upstream: Upstream) -> Option<ServiceDocument> {
        let mut url = self.upstreams.url(upstream)?.clone();
        url.set_path("/openapi.json");
        let response = self.http.get(url).send().await.and_then(reqwest::Response::error_for_status);
        let document = match response {
            Ok(response) => response.json().await,
            Err(error) => Err(error),
        };
        document
            .inspect_err(|error| {
                let cause = shared::error::causes(error);
                tracing::warn!(target: log_target::OPENAPI, upstream = upstream.name(), cause, "no OpenAPI document was read");
            })
            .ok()
    }
}

impl Cached {
    fn update(&mut self, fetched: Vec<Option<ServiceDocument>>, has_ui: bool) {
        for (document, fetched) in self.documents.iter_mut().zip(fetched) {
            if fetched.is_some() {
                *document = fetched;
            }
        }
        self.fetched = Some(Instant::now());
        let present = self.present().map(|(upstream, document)| (upstream, document.clone()));
        let merged = merge(present, has_ui);
        // It has only texts, so serialization cannot fail.
        let text = |merged: &Merged| serde_json::to_vec(merged).unwrap_or_default().into();
        self.merged = [text(&merged), text(&merged.downgraded())];
    }

    fn present(&self) -> impl Iterator<Item = (Upstream, &ServiceDocument)> {
        let all = Upstream::ALL.into_iter().zip(&self.documents);
        all.filter_map(|(upstream, document)| Some((upstream, document.as_ref()?)))
    }

    fn merged(&self) -> Result<&[Bytes; 2], Error> {
        let all = Upstream::ALL.into_iter().zip(&self.documents);
        let is_missing =
            |upstream: Upstream, document: &Option<_>| upstream.is_required() && document.is_none();
        let missing: Vec<_> = all
            .filter_map(|(upstream, document)| is_missing(upstream, document).then_some(upstream.name()))
            .collect();
        if missing.is_empty() { Ok(&self.merged) } else { Err(Error::NoDocument(missing.join(", "))) }
    }
}

/// Puts the version and the URL of the server before the other members of a merged document.
fn complete(version: Version, server: &str, [v31, v30]: &[Bytes; 2]) -> Bytes {
    let (name, merged) = match version {
        Version::V31 => ("3.1.0", v31),
        Version::V30 => ("3.0.3", v30),
    };
    let head = json!({"openapi": name, "servers": [{"url": server}]}).to_string();
    // Joins two objects: the closing brace of the first and the opening one of the second become a comma.
    let first = head.strip_suffix('}').unwrap_or_default();
    [first.as_bytes(), b",", merged.get(1..).unwrap_or_default()].concat().into()
}
