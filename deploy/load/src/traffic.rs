//! A user with chats: appends and reads messages, and then verifies the stored ones.

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, Url};
use serde_json::{Value, json};
use shared::http_client::http_client;
use shared::ids::KeyId;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The number of chats. The messages are spread over them, so that writers seldom wait for each other. It is a prime, so that
/// every chat gets every kind of request.
const CHATS: u32 = 211;

/// The bytes of a long message.
const MESSAGE_BYTES: usize = 1 << 20;

/// The cause of a refused connection.
pub(crate) const CONNECTION_REFUSED: &str = "not connected";

/// The error that ends the run.
#[derive(thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failure(String);

impl fmt::Debug for Failure {
    /// The same line as `Display`, because this is what `main` prints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self(shared::error::causes(&error))
    }
}

impl Failure {
    /// A failure with this message.
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Self(line.into())
    }
}

/// The outcome of a request.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) is_write: bool,
    pub(crate) latency: Duration,
    pub(crate) result: Result<(), String>,
}

/// A user with chats.
#[derive(Debug)]
pub(crate) struct Traffic {
    http: Client,
    base: Url,
    user: Value,
    token: String,
    chats: Vec<String>,
    /// The questions of the messages whose POST was answered with success.
    answered: Mutex<HashSet<String>>,
}

/// Counts of the stored messages, compared with the answered requests.
#[derive(Debug)]
pub(crate) struct StoredMessages {
    answered: usize,
    lost: usize,
    duplicated: usize,
    unanswered: usize,
}

impl Traffic {
    /// Creates the user and the chats.
    pub(crate) async fn prepare(base: Url) -> Result<Self, Failure> {
        let user = json!({"username": format!("load-{}", KeyId::generate()), "password": KeyId::generate()});
        let (http, token, chats) = (http_client()?, String::new(), Vec::new());
        let mut traffic = Self { http, base, user, token, chats, answered: Mutex::default() };
        traffic.request(Method::POST, "auth/register", Some(&traffic.user)).await?;
        let tokens = traffic.request(Method::POST, "auth/login", Some(&traffic.user)).await?;
        traffic.token = text_field(&tokens, "access_token");
        for number in 0..CHATS {
            let chat = json!({"name": format!("load {number}")});
            let chat = traffic.request(Method::POST, "chats/create-chat", Some(&chat)).await?;
            traffic.chats.push(text_field(&chat, "chat_id"));
        }
        Ok(traffic)
    }

    /// The token of the user.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The chats of the user.
    pub(crate) fn chats(&self) -> &[String] {
        &self.chats
    }

    /// The name and the password of the user.
    pub(crate) fn user(&self) -> &Value {
        &self.user
    }

    /// Appends messages of 1 MiB each to a chat. Returns the path of the page with all of them.
    pub(crate) async fn append_large(&self, messages: usize) -> Result<String, Failure> {
        let chat = self.chat(0);
        // Each message has another text, because equal ones would compress well.
        for number in 0..messages {
            let word = format!("{number:x}-{} ", KeyId::generate());
            let response = word.repeat(MESSAGE_BYTES / word.len());
            let message = json!({"chat_id": chat, "question": "How long?", "response": response});
            self.request(Method::POST, "messages/add-message", Some(&message)).await?;
        }
        Ok(format!("/api/v1/messages/get-messages?limit=200&chat_id={chat}"))
    }

    /// Appends a message or reads a page.
    pub(crate) async fn send(&self, number: u32, is_write: bool) -> Outcome {
        let started = Instant::now();
        let result = if is_write { self.append(number).await } else { self.read(number).await };
        Outcome { is_write, latency: started.elapsed(), result: result.map_err(|failure| failure.0) }
    }

    /// Reads all chats, and compares the stored messages with the answered requests.
    pub(crate) async fn verify_stored(&self) -> Result<StoredMessages, Failure> {
        let mut found: HashMap<String, usize> = HashMap::new();
        for chat in &self.chats {
            let mut next = Some(format!("/api/v1/messages/get-messages?limit=200&chat_id={chat}"));
            while let Some(path) = next.take() {
                let url = self.base.join(&path).map_err(|error| Failure(error.to_string()))?;
                let answer = self.http.get(url).bearer_auth(&self.token).send().await?.error_for_status()?;
                let link = answer.headers().get("link").and_then(|link| link.to_str().ok());
                next = link.and_then(|link| Some(link.strip_prefix('<')?.split_once('>')?.0.to_owned()));
                let page: Vec<Value> = answer.json().await?;
                for message in page {
                    *found.entry(text_field(&message, "question")).or_default() += 1;
                }
            }
        }
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(StoredMessages {
            answered: answered.len(),
            lost: answered.iter().filter(|question| !found.contains_key(*question)).count(),
            duplicated: found.values().filter(|&&times| times > 1).count(),
            unanswered: found.keys().filter(|question| !answered.contains(*question)).count(),
        })
    }

    async fn append(&self, number: u32) -> Result<(), Failure> {
        let question = number.to_string();
        let message = json!({"chat_id": self.chat(number), "question": question, "response": "So."});
        self.request(Method::POST, "messages/add-message", Some(&message)).await?;
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).insert(question);
        Ok(())
    }

    async fn read(&self, number: u32) -> Result<(), Failure> {
        let chat = self.chat(number);
        let path = match number % 8 {
            0 => "auth/me".to_owned(),
            1 => format!("chats/get-chat/{chat}"),
            _ => format!("messages/get-messages?limit=10&chat_id={chat}"),
        };
        self.request(Method::GET, &path, None).await.map(drop)
    }

    fn chat(&self, number: u32) -> &str {
        self.chats
            .iter()
            .cycle()
            .nth((number % CHATS).try_into().unwrap_or_default())
            .map_or("", String::as_str)
    }

    async fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let url = self.base.join(&format!("/api/v1/{path}")).map_err(|error| Failure(error.to_string()))?;
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let answer = request.send().await.map_err(|error| failure_of(&error))?;
        let status = answer.status();
        let body = answer.text().await.map_err(|error| failure_of(&error))?;
        if !status.is_success() {
            let code = serde_json::from_str::<Value>(&body).unwrap_or_default();
            return Err(Failure(format!("{status} {}", text_field(&code, "code"))));
        }
        serde_json::from_str(&body).map_err(|_| Failure("an answer that is no JSON".to_owned()))
    }
}

impl StoredMessages {
    /// Whether every answered message is stored, and no message twice.
    pub(crate) fn is_consistent(&self) -> bool {
        self.lost == 0 && self.duplicated == 0
    }
}

impl fmt::Display for StoredMessages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answered, lost, duplicated, unanswered } = self;
        write!(f, "messages: {answered} answered, {lost} of them lost, {duplicated} duplicated, ")?;
        write!(f, "{unanswered} stored but not answered")
    }
}

/// The cause of a failure, without ports and ids, so that equal causes are counted together.
fn failure_of(error: &reqwest::Error) -> Failure {
    Failure(if error.is_connect() {
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

fn text_field(value: &Value, field: &str) -> String {
    value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}
