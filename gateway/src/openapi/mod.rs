//! The services' `OpenAPI` documents, read over HTTP and made into one.

mod merge;

use crate::config::Upstreams;
use crate::error::Error;
use crate::proxy::Upstream;
use actix_web::web::Bytes;
use futures_util::future::join_all;
use serde_json::Value;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Reads the documents of all services, and keeps what it has read for a short time.
pub(crate) struct Catalogue {
    http: reqwest::Client,
    upstreams: Upstreams,
    fresh: Duration,
    /// Locked while the documents are read, so that many who ask at once cause one reading.
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    read: Option<Instant>,
    /// In the order of [`Upstream::ALL`].
    documents: [Option<Value>; 3],
    merged: Bytes,
}

impl Catalogue {
    /// A catalogue that reads again after the time `fresh`.
    pub(crate) fn new(http: reqwest::Client, upstreams: Upstreams, fresh: Duration) -> Self {
        Self { http, upstreams, fresh, kept: Mutex::default() }
    }

    /// The document of all services together. A service that is down now is in it as it was read last.
    pub(crate) async fn document(&self) -> Result<Bytes, Error> {
        let mut kept = self.kept.lock().await;
        if kept.read.is_none_or(|read| read.elapsed() >= self.fresh) {
            let read = join_all(Upstream::ALL.map(|upstream| self.read(upstream))).await;
            kept.update(read);
        }
        kept.whole()
    }

    async fn read(&self, upstream: Upstream) -> Option<Value> {
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
                tracing::warn!(upstream = upstream.name(), cause, "no OpenAPI document was read");
            })
            .ok()
    }
}

impl Kept {
    fn update(&mut self, read: Vec<Option<Value>>) {
        for (kept, read) in self.documents.iter_mut().zip(read) {
            if read.is_some() {
                *kept = read;
            }
        }
        self.read = Some(Instant::now());
        self.merged = merge::merge(self.present().map(|(upstream, document)| (upstream, document.clone())))
            .to_string()
            .into();
    }

    fn present(&self) -> impl Iterator<Item = (Upstream, &Value)> {
        let all = Upstream::ALL.into_iter().zip(&self.documents);
        all.filter_map(|(upstream, document)| Some((upstream, document.as_ref()?)))
    }

    fn whole(&self) -> Result<Bytes, Error> {
        let all = Upstream::ALL.into_iter().zip(&self.documents);
        let missing: Vec<_> =
            all.filter_map(|(upstream, document)| document.is_none().then_some(upstream.name())).collect();
        if missing.is_empty() { Ok(self.merged.clone()) } else { Err(Error::NoDocument(missing.join(", "))) }
    }
}
