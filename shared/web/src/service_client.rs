//! Calls to the internal routes of other services, with a token for each call.

use crate::problem::Problem;
use crate::telemetry::{Trace, X_REQUEST_ID};
use crate::tokens::TokenKeys;
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::service::Service;

/// The method of a call.
pub use reqwest::Method;

/// An error of a call to another service. Clients get a 503.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The service was not reached, or did not answer in time.
    #[error("the service {called} was not reached")]
    Unreachable {
        /// The called service.
        called: Service,
        /// The cause.
        source: reqwest::Error,
    },
    /// The service responded with an unexpected status.
    #[error("the service {called} answered {status}")]
    Unexpected {
        /// The called service.
        called: Service,
        /// Its status.
        status: StatusCode,
    },
    /// The token of the call could not be signed.
    #[error("no token could be made for a call")]
    Token,
}

impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        let source = std::error::Error::source(&error).map(|source| format!(": {source:?}"));
        Self::unavailable(format!("{error}{}", source.unwrap_or_default()))
    }
}

/// A 404 of another service.
#[derive(Debug, Deserialize)]
pub struct NotFound {
    /// What was not found, as the service puts it.
    pub detail: String,
    /// The code of the error.
    #[serde(default)]
    pub code: String,
}

/// A refusal of another service, for the caller to tell its client.
#[derive(Debug)]
pub struct Refusal {
    /// 404, 409 or 422.
    pub status: StatusCode,
    /// The error body; null where it is no JSON.
    pub body: serde_json::Value,
}

impl Refusal {
    /// The code of the error.
    pub fn code(&self) -> &str {
        self.body.get("code").and_then(serde_json::Value::as_str).unwrap_or_default()
    }
}

/// A client of one other service.
#[derive(Debug, Clone)]
pub struct ServiceClient {
    http: reqwest::Client,
    base: Url,
    caller: Service,
    called: Service,
    keys: TokenKeys,
}

impl ServiceClient {
    /// A client with which `caller` calls `called` at `base`.
    pub fn new(http: reqwest::Client, base: Url, caller: Service, called: Service, keys: TokenKeys) -> Self {
        Self { http, base, caller, called, keys }
    }

    /// Gets an object; `None` if the service responds with 404.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
        trace: &Trace,
    ) -> Result<Option<T>, CallError> {
        let response = self.query(path, query, trace).await?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(None),
            _ => Ok(self.read(response).await?.ok()),
        }
    }

    /// Gets an object, or what the service says that it has not found.
    pub async fn find<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
        trace: &Trace,
    ) -> Result<Result<T, NotFound>, CallError> {
        let response = self.query(path, query, trace).await?;
        self.read(response).await
    }

    /// Puts an object, and returns the answer, or what the service says that it has not found.
    pub async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
        trace: &Trace,
    ) -> Result<Result<T, NotFound>, CallError> {
        let response = self.send(self.http.request(Method::PUT, self.url(path)).json(body), trace).await?;
        self.read(response).await
    }

    /// Posts an object, and returns the answer, or the refusal of the service.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
        trace: &Trace,
    ) -> Result<Result<T, Refusal>, CallError> {
        let response = self.send(self.http.request(Method::POST, self.url(path)).json(body), trace).await?;
        match response.status() {
            status @ (StatusCode::NOT_FOUND | StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY) => {
                Ok(Err(Refusal { status, body: response.json().await.unwrap_or_default() }))
            }
            _ => self.read(response).await?.map(Ok).map_err(|_| self.unexpected(StatusCode::NOT_FOUND)),
        }
    }

    /// Sends a request that is all in its method, path and query. The routes respond with success also if nothing is left to do.
    pub async fn deliver(
        &self,
        method: Method,
        path_and_query: &str,
        trace: &Trace,
    ) -> Result<(), CallError> {
        let response = self.send(self.http.request(method, self.url(path_and_query)), trace).await?;
        match response.status() {
            status if status.is_success() => Ok(()),
            status => Err(self.unexpected(status)),
        }
    }

    async fn query(
        &self,
        path: &str,
        query: &[(&str, String)],
        trace: &Trace,
    ) -> Result<Response, CallError> {
        let mut url = self.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.send(self.http.request(Method::GET, url), trace).await
    }

    async fn read<T: DeserializeOwned>(&self, response: Response) -> Result<Result<T, NotFound>, CallError> {
        let unreachable = |source| self.unreachable(source);
        match response.status() {
            StatusCode::OK => response.json().await.map(Ok).map_err(unreachable),
            StatusCode::NOT_FOUND => response.json().await.map(Err).map_err(unreachable),
            status => Err(self.unexpected(status)),
        }
    }

    async fn send(&self, request: RequestBuilder, trace: &Trace) -> Result<Response, CallError> {
        let token = self.keys.issue_for_service(self.caller, self.called).map_err(|_| CallError::Token)?;
        let mut request = request.bearer_auth(token).header(X_REQUEST_ID, &trace.request_id);
        for (name, value) in trace.context.headers() {
            request = value.into_iter().fold(request, |request, value| request.header(name, value));
        }
        request.send().await.map_err(|source| self.unreachable(source))
    }

    fn url(&self, path_and_query: &str) -> Url {
        // A path always joins; the base alone would be a 404.
        self.base.join(path_and_query).unwrap_or_else(|_| self.base.clone())
    }

    fn unexpected(&self, status: StatusCode) -> CallError {
        CallError::Unexpected { called: self.called, status }
    }

    fn unreachable(&self, source: reqwest::Error) -> CallError {
        CallError::Unreachable { called: self.called, source }
    }
}
