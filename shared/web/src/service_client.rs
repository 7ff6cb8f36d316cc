//! Calls to the internal routes of other services, with a token for each call.

use crate::problem::Problem;
use crate::telemetry::{Trace, X_REQUEST_ID};
use crate::tokens::TokenKeys;
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::service::Service;

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
        let mut url = self.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let response = self.send(self.http.request(Method::GET, url), trace).await?;
        match response.status() {
            StatusCode::OK => response.json().await.map(Some).map_err(|source| self.unreachable(source)),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(CallError::Unexpected { called: self.called, status }),
        }
    }

    /// Deletes an object by its path and query. The routes respond with success also if there is none.
    pub async fn delete(&self, path_and_query: &str, trace: &Trace) -> Result<(), CallError> {
        let request = self.http.request(Method::DELETE, self.url(path_and_query));
        self.require_success(&self.send(request, trace).await?)
    }

    /// Puts an object, as JSON.
    pub async fn put(
        &self,
        path_and_query: &str,
        object: &(impl Serialize + Sync),
        trace: &Trace,
    ) -> Result<(), CallError> {
        let request = self.http.request(Method::PUT, self.url(path_and_query)).json(object);
        self.require_success(&self.send(request, trace).await?)
    }

    fn require_success(&self, response: &Response) -> Result<(), CallError> {
        match response.status() {
            status if status.is_success() => Ok(()),
            status => Err(CallError::Unexpected { called: self.called, status }),
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

    fn unreachable(&self, source: reqwest::Error) -> CallError {
        CallError::Unreachable { called: self.called, source }
    }
}
