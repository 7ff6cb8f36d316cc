//! The merged document, read anew when it is old.

use super::document::ServiceDocument;
use super::merge::{Merged, merge};
use crate::error::Error;
use crate::log_target;
use crate::routing::upstream::Upstream;
use crate::routing::upstream::UpstreamUrls;
use actix_web::web::Bytes;
use futures_util::future::join_all;
use serde_json::json;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// A version of `OpenAPI`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// 3.1, in which the services describe themselves.
    V31,
    /// 3.0, for tools that read no other.
    V30,
}

/// Reads the documents of all services, and keeps what it has read for a short time.
pub(crate) struct Catalogue {
    http: reqwest::Client,
    upstreams: UpstreamUrls,
    fresh: Duration,
    /// Locked while the documents are read, so that many who ask at once cause one reading.
    kept: Mutex<Cached>,
}

#[derive(Default)]
struct Cached {
    read: Option<Instant>,
    /// In the order of [`Upstream::ALL`].
    documents: [Option<ServiceDocument>; 3],
    /// In the order of [`Version`], without what [`document`] adds.
    merged: [Bytes; 2],
}

impl Catalogue {
    /// A catalogue that reads again after the time `fresh`.
    pub(crate) fn new(http: reqwest::Client, upstreams: UpstreamUrls, fresh: Duration) -> Self {
        Self { http, upstreams, fresh, kept: Mutex::default() }
    }

    /// The document of all services together, for who reaches the API at `server`. A service that is down now is in it as it was
    /// read last.
    pub(crate) async fn document(&self, version: Version, server: &str) -> Result<Bytes, Error> {
        let mut kept = self.kept.lock().await;
        if kept.read.is_none_or(|read| read.elapsed() >= self.fresh) {
            let read = join_all(Upstream::ALL.map(|upstream| self.read(upstream))).await;
            kept.update(read);
        }
        Ok(document(version, server, kept.whole()?))
    }

    async fn read(&self, upstream: Upstream) -> Option<ServiceDocument> {
        let mut url = self.upstreams.url(upstream).clone();
        url.set_path("/openapi.json");
        let answer = self.http.get(url).send().await.and_then(reqwest::Response::error_for_status);
        let document = match answer {
            Ok(answer) => answer.json().await,
            Err(error) => Err(error),
        };
        document
            .inspect_err(|error| {
                let cause = shared::problem::causes(error);
                tracing::warn!(target: log_target::OPENAPI, upstream = upstream.name(), cause, "no OpenAPI document was read");
            })
            .ok()
    }
}

impl Cached {
    fn update(&mut self, read: Vec<Option<ServiceDocument>>) {
        for (kept, read) in self.documents.iter_mut().zip(read) {
            if read.is_some() {
                *kept = read;
            }
        }
        self.read = Some(Instant::now());
        let merged = merge(self.present().map(|(upstream, document)| (upstream, document.clone())));
        // It is made of texts alone, so it can be written.
        let text = |merged: &Merged| serde_json::to_vec(merged).unwrap_or_default().into();
        self.merged = [text(&merged), text(&merged.downgraded())];
    }

    fn present(&self) -> impl Iterator<Item = (Upstream, &ServiceDocument)> {
        let all = Upstream::ALL.into_iter().zip(&self.documents);
        all.filter_map(|(upstream, document)| Some((upstream, document.as_ref()?)))
    }

    fn whole(&self) -> Result<&[Bytes; 2], Error> {
        let all = Upstream::ALL.into_iter().zip(&self.documents);
        let missing: Vec<_> =
            all.filter_map(|(upstream, document)| document.is_none().then_some(upstream.name())).collect();
        if missing.is_empty() { Ok(&self.merged) } else { Err(Error::NoDocument(missing.join(", "))) }
    }
}

/// A merged document with its version, and with the URL of the server first.
fn document(version: Version, server: &str, [v31, v30]: &[Bytes; 2]) -> Bytes {
    let (name, merged) = match version {
        Version::V31 => ("3.1.0", v31),
        Version::V30 => ("3.0.3", v30),
    };
    let head = json!({"openapi": name, "servers": [{"url": server}]}).to_string();
    // Two objects become one: what ends the first and begins the second is the comma between their members.
    let first = head.strip_suffix('}').unwrap_or_default();
    [first.as_bytes(), b",", merged.get(1..).unwrap_or_default()].concat().into()
}
