//! A user who knows what is his, and looks through every answer for what is not.

use crate::app::{TestStack, User};
use serde_json::Value;
use shared_test_kit::{RawAnswer, RawClient, RawError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// The length of an id in its text form.
const ID_BYTES: usize = 36;
/// The digits of an id before its first hyphen.
const LEADING_DIGITS: usize = 8;

/// Whose each id is.
#[derive(Debug, Clone, Default)]
pub struct Ids(Arc<Mutex<HashMap<String, &'static str>>>);

impl Ids {
    /// Claims an id for the first user who sees it. Returns whether it is this user's; its owner sees it sooner or later.
    fn claim(&self, id: &str, name: &'static str) -> bool {
        *self.0.lock().unwrap().entry(id.to_owned()).or_insert(name) == name
    }
}

pub struct Person {
    pub name: &'static str,
    pub user: User,
    pub chat: String,
    /// How many messages he was told that he has.
    pub messages: usize,
    /// The connection on which he asks beside others.
    client: RawClient,
    ids: Ids,
}

impl Person {
    /// A new user with a chat and a message.
    pub async fn of(stack: &TestStack, name: &'static str, ids: &Ids) -> Self {
        let user = stack.user(name).await;
        let chat = user.chat(name).await;
        for id in [&user.id, &chat] {
            ids.claim(id, name);
        }
        let client = RawClient::connect(&stack.url).await;
        let mut person = Self { name, user, chat, messages: 0, client, ids: ids.clone() };
        person.request(person.append_request(), 201).await.unwrap();
        person
    }

    /// The line of a header with his token.
    pub fn authorization(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.user.access_token)
    }

    /// A message of his, as JSON.
    pub fn message(&self) -> String {
        let (name, chat) = (self.name, &self.chat);
        format!(r#"{{"chat_id":"{chat}","question":"{name}","response":"{name}"}}"#)
    }

    /// A request for his last messages.
    pub fn read_request(&self) -> String {
        let (chat, authorization) = (&self.chat, self.authorization());
        let path = format!("/api/v1/messages/get-messages?chat_id={chat}&limit=5");
        format!("GET {path} HTTP/1.1\r\nHost: a\r\n{authorization}\r\n")
    }

    /// A request that adds a message.
    pub fn append_request(&self) -> String {
        let (body, authorization) = (self.message(), self.authorization());
        let line = "POST /api/v1/messages/add-message HTTP/1.1\r\nHost: a\r\n";
        format!("{line}{authorization}Content-Length: {}\r\n\r\n{body}", body.len())
    }

    /// Asks on his own connection, and takes the answer.
    pub async fn request(&mut self, request: String, status: u16) -> Result<(), String> {
        self.client.send(request).await;
        let answer = self.client.answer().await;
        self.check_response(status, &answer).map_err(|fault| format!("beside it, {fault}"))
    }

    /// Looks at an answer, which must be his.
    pub fn check_response(
        &mut self,
        status: u16,
        answer: &Result<RawAnswer, RawError>,
    ) -> Result<(), String> {
        let name = self.name;
        let answer = answer.as_ref().map_err(|error| format!("{name} is not answered: {error}"))?;
        let text = answer.text();
        if answer.status != status {
            return Err(format!("{name} is answered {} and not {status}: {text}", answer.status));
        }
        self.may_see(&text)?;
        self.messages += usize::from(status == 201);
        // Everybody has a chat and a message, so no list of his is empty.
        if text == "[]" { Err(format!("{name} does not see what is his")) } else { Ok(()) }
    }

    /// Every id of a text must be his.
    pub fn may_see(&self, text: &str) -> Result<(), String> {
        let name = self.name;
        match ids_of(text).find(|id| !self.ids.claim(id, name)) {
            Some(id) => Err(format!("{name} sees {id}, which is not his: {text}")),
            None => Ok(()),
        }
    }

    /// He has one chat, and as many messages as he was told, all his own.
    pub async fn check_stored(&self) -> Result<(), String> {
        let chats = self.user.pages("/api/v1/chats/get-chat?limit=200").await;
        let messages = self.user.pages("/api/v1/messages/all-messages?limit=200").await;
        for listed in chats.iter().chain(&messages) {
            self.may_see(&listed.to_string())?;
        }
        let is_own = |message: &&Value| message["question"] == self.name && message["response"] == self.name;
        let own = messages.iter().filter(is_own).count();
        let expected = self.messages;
        if chats.len() == 1 && own == messages.len() && own == expected {
            return Ok(());
        }
        let (name, chats, all) = (self.name, chats.len(), messages.len());
        Err(format!(
            "{name} has {chats} chats and {all} messages, {own} of them his own, of {expected} expected"
        ))
    }
}

/// Every UUID of a text.
fn ids_of(text: &str) -> impl Iterator<Item = &str> {
    let is_id = |id: &&str| {
        let mut bytes = id.bytes().enumerate();
        bytes.all(|(at, byte)| {
            if matches!(at, LEADING_DIGITS | 13 | 18 | 23) { byte == b'-' } else { byte.is_ascii_hexdigit() }
        })
    };
    text.match_indices('-')
        .filter_map(|(hyphen, _)| text.get(hyphen.checked_sub(LEADING_DIGITS)?..)?.get(..ID_BYTES))
        .filter(is_id)
}
