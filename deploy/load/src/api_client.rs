//! A user who calls the API.

use crate::failure::Failure;
use reqwest::header::{CONTENT_TYPE, LINK};
use reqwest::{Client, Method, Url};
use serde_json::{Value, json};
use shared::ids::KeyId;

/// The cause of a refused connection.
pub(crate) const CONNECTION_REFUSED: &str = "not connected";

/// A user who calls the API.
#[derive(Debug)]
pub(crate) struct ApiClient {
    http: Client,
    base: Url,
    user: Value,
    token: String,
}

/// A page of a list.
pub(crate) struct Page {
    pub(crate) items: Vec<Value>,
    /// The path of the next page.
    pub(crate) next: Option<String>,
}

impl ApiClient {
    /// Registers a new user, and logs in.
    pub(crate) async fn register(http: Client, base: Url) -> Result<Self, Failure> {
        let user = json!({"username": format!("load-{}", KeyId::generate()), "password": KeyId::generate()});
        let mut client = Self { http, base, user, token: String::new() };
        client.post("auth/register", &client.user).await?;
        let tokens = client.post("auth/login", &client.user).await?;
        client.token = text_field(&tokens, "access_token");
        Ok(client)
    }

    /// The access token of the user.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The name and the password of the user.
    pub(crate) fn user(&self) -> &Value {
        &self.user
    }

    /// GET of a path below `/api/v1`.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.request(Method::GET, path, None).await
    }

    /// POST of a JSON body to a path below `/api/v1`.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.request(Method::POST, path, Some(body)).await
    }

    /// Creates a chat. Returns its id.
    pub(crate) async fn create_chat(&self, name: &str) -> Result<String, Failure> {
        let chat = self.post("chats/create-chat", &json!({"name": name})).await?;
        Ok(text_field(&chat, "chat_id"))
    }

    /// GET of a page of a list, by its whole path.
    pub(crate) async fn get_page(&self, path: &str) -> Result<Page, Failure> {
        let answer = self.http.get(self.url(path)?).bearer_auth(&self.token).send().await?;
        let answer = answer.error_for_status()?;
        let link = answer.headers().get(LINK).and_then(|link| link.to_str().ok());
        let next = link.and_then(|link| Some(link.strip_prefix('<')?.split_once('>')?.0.to_owned()));
        Ok(Page { next, items: answer.json().await? })
    }

    fn url(&self, path: &str) -> Result<Url, Failure> {
        self.base.join(path).map_err(|error| Failure::new(error.to_string()))
    }

    async fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let url = self.url(&format!("/api/v1/{path}"))?;
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let answer = request.send().await.map_err(|error| failure_of(&error))?;
        let status = answer.status();
        let body = answer.text().await.map_err(|error| failure_of(&error))?;
        if !status.is_success() {
            let code = serde_json::from_str::<Value>(&body).unwrap_or_default();
            return Err(Failure::new(format!("{status} {}", text_field(&code, "code"))));
        }
        serde_json::from_str(&body).map_err(|_| Failure::new("an answer that is no JSON"))
    }
}

/// The text of a field; empty if there is none.
pub(crate) fn text_field(value: &Value, field: &str) -> String {
    value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The cause of a failure, without ports and ids, so that equal causes are counted together.
fn failure_of(error: &reqwest::Error) -> Failure {
    Failure::new(if error.is_connect() {
        CONNECTION_REFUSED.to_owned()
    } else if error.is_timeout() {
        "timed out".to_owned()
    } else {
        let mut cause: &dyn std::error::Error = error;
        while let Some(next) = cause.source() {
            cause = next;
        }
        format!("broken off: {cause}")
    })
}
