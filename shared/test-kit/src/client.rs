//! An HTTP client for tests, which speaks JSON and reads whole responses.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, StatusCode, Url};
use serde_json::Value;
use shared::http_client::http_client_with_timeout;
use shared::ids::UserId;
use std::time::Duration;

/// The time-out of a response, on a machine that is busy with other tests.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);

/// A client of one service, with or without a user's token.
#[derive(Debug, Clone)]
pub struct TestClient {
    http: reqwest::Client,
    base: Url,
    headers: HeaderMap,
}

/// A response with its body.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub text: String,
}

impl TestClient {
    /// A client without a token.
    ///
    /// # Panics
    /// If no client can be built.
    pub fn new(base: Url) -> Self {
        Self {
            http: http_client_with_timeout(RESPONSE_TIMEOUT).expect("a client"),
            base,
            headers: HeaderMap::new(),
        }
    }

    /// The same client with a header in every request.
    ///
    /// # Panics
    /// If the header is not valid.
    #[must_use]
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        let name: HeaderName = name.parse().expect("a header's name");
        client.headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).expect("a header's value"));
        client
    }

    /// The same client with an access token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        self.with_header("authorization", &format!("Bearer {token}"))
    }

    /// The same client with a token of this user, who need not exist.
    #[must_use]
    pub fn as_user(&self, user: UserId) -> Self {
        self.with_token(&crate::access_token(user))
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body.to_string())).await
    }

    /// PUT with a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, Some(body.to_string())).await
    }

    /// DELETE without a body.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Any request. A body is sent as `application/json`, unless the client has another `Content-Type`.
    ///
    /// # Panics
    /// If there is no response.
    pub async fn send(&self, method: Method, path: &str, body: Option<String>) -> Answer {
        self.round_trip(method, path, body).await.expect("an answer")
    }

    /// Any request to a server that may be down; `None` without a response.
    pub async fn try_send(&self, method: Method, path: &str, body: Option<String>) -> Option<Answer> {
        self.round_trip(method, path, body).await.ok()
    }

    /// POST to a server that may be down; `None` without a response.
    pub async fn try_post(&self, path: &str, body: &Value) -> Option<Answer> {
        self.try_send(Method::POST, path, Some(body.to_string())).await
    }

    /// GET from a server that may be down; the caller reads the body.
    ///
    /// # Panics
    /// If `path` is none.
    pub async fn open(&self, path: &str) -> reqwest::Result<Response> {
        let url = self.base.join(path).expect("a path");
        self.http.get(url).headers(self.headers.clone()).send().await
    }

    async fn round_trip(&self, method: Method, path: &str, body: Option<String>) -> reqwest::Result<Answer> {
        let url = self.base.join(path).expect("a path");
        let mut request = self.http.request(method, url).headers(self.headers.clone());
        if let Some(body) = body {
            if !self.headers.contains_key("content-type") {
                request = request.header("content-type", "application/json");
            }
            request = request.body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { status, headers, text: response.text().await? })
    }
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    /// If it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text))
    }

    /// Asserts the status.
    ///
    /// # Panics
    /// If the status is another; the message shows the body.
    #[track_caller]
    #[expect(clippy::return_self_not_must_use, reason = "the status alone is worth a call")]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// The `code` of an error.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The type and place of each wrong field of a 422: `missing body.name`.
    pub fn field_errors(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let error = |error: &Value| {
            let loc: Vec<_> = error["loc"].as_array().into_iter().flatten().map(text).collect();
            format!("{} {}", text(&error["type"]), loc.join("."))
        };
        self.json()["detail"].as_array().into_iter().flatten().map(error).collect()
    }

    /// The value of a header; empty without one.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The path of the next page of a list.
    ///
    /// # Panics
    /// If `X-Next-Cursor` and `Link` name different pages.
    pub fn next(&self) -> Option<String> {
        let path = self.link("next");
        let cursor = path.as_deref().and_then(|path| path.rsplit_once("cursor="));
        let link = self.header("link");
        assert_eq!(self.header("x-next-cursor"), cursor.map_or("", |(_, cursor)| cursor), "{link}");
        path
    }

    /// The path of the page before, of a list that is read in both directions.
    pub fn previous(&self) -> Option<String> {
        self.link("prev")
    }

    /// The path to which `Link` has this relation.
    fn link(&self, relation: &str) -> Option<String> {
        let end = format!(">; rel=\"{relation}\"");
        let mut links = self.header("link").split(", ");
        links.find_map(|link| link.strip_prefix('<')?.strip_suffix(&end).map(str::to_owned))
    }
}
