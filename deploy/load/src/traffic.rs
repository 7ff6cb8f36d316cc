//! A user with chats: appends and reads messages, and then verifies the stored ones.

use crate::api_client::{ApiClient, text_field};
use crate::failure::Failure;
use reqwest::Url;
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
    client: ApiClient,
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
        let client = ApiClient::register(http_client()?, base).await?;
        let mut chats = Vec::new();
        for number in 0..CHATS {
            chats.push(client.create_chat(&format!("load {number}")).await?);
        }
        Ok(Self { client, chats, answered: Mutex::default() })
    }

    /// The token of the user.
    pub(crate) fn token(&self) -> &str {
        self.client.token()
    }

    /// The chats of the user.
    pub(crate) fn chats(&self) -> &[String] {
        &self.chats
    }

    /// The name and the password of the user.
    pub(crate) fn user(&self) -> &Value {
        self.client.user()
    }

    /// Appends messages of 1 MiB each to a chat. Returns the path of the page with all of them.
    pub(crate) async fn append_large(&self, messages: usize) -> Result<String, Failure> {
        let chat = self.chat(0);
        // Each message has another text, because equal ones would compress well.
        for number in 0..messages {
            let word = format!("{number:x}-{} ", KeyId::generate());
            let response = word.repeat(MESSAGE_BYTES / word.len());
            let message = json!({"chat_id": chat, "question": "How long?", "response": response});
            self.client.post("messages/add-message", &message).await?;
        }
        Ok(format!("/api/v1/messages/get-messages?limit=200&chat_id={chat}"))
    }

    /// Appends a message or reads a page.
    pub(crate) async fn send(&self, number: u32, is_write: bool) -> Outcome {
        let started = Instant::now();
        let result = if is_write { self.append(number).await } else { self.read(number).await };
        Outcome {
            is_write,
            latency: started.elapsed(),
            result: result.map_err(|failure| failure.to_string()),
        }
    }

    /// Reads all chats, and compares the stored messages with the answered requests.
    pub(crate) async fn verify_stored(&self) -> Result<StoredMessages, Failure> {
        let mut found: HashMap<String, usize> = HashMap::new();
        for chat in &self.chats {
            let mut next = Some(format!("/api/v1/messages/get-messages?limit=200&chat_id={chat}"));
            while let Some(path) = next.take() {
                let page = self.client.get_page(&path).await?;
                next = page.next;
                for message in page.items {
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
        self.client.post("messages/add-message", &message).await?;
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
        self.client.get(&path).await.map(drop)
    }

    fn chat(&self, number: u32) -> &str {
        self.chats
            .iter()
            .cycle()
            .nth((number % CHATS).try_into().unwrap_or_default())
            .map_or("", String::as_str)
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
