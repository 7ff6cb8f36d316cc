//! Stand-ins for the branch and the chat service, with the internal routes that the answer service calls.

use crate::lines::{Known, not_found};
use serde_json::{Value, json};
use shared::ids::ResponseId;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wiremock::{Request, Respond, ResponseTemplate};

/// Longer than a test waits for a response.
const HOLD: Duration = Duration::from_secs(3600);

/// The stand-in of both. Clones share what they know. Every chat exists, is owned by who asks, and has one line unless it is forked.
#[derive(Debug, Clone, Default)]
pub struct BranchService(Arc<Mutex<Known>>);

impl BranchService {
    /// Forgets a chat.
    pub fn delete(&self, chat: &str) {
        self.0.lock().unwrap().gone.push(chat.to_owned());
    }

    /// Restores it.
    pub fn restore(&self, chat: &str) {
        self.0.lock().unwrap().gone.retain(|gone| gone != chat);
    }

    pub fn set_settings(&self, settings: Value) {
        self.0.lock().unwrap().settings = settings;
    }

    /// Makes attempts to store fail, or not any more.
    pub fn fail_to_store(&self, fails: bool) {
        self.0.lock().unwrap().fails_to_store = fails;
    }

    /// Carries out what is sent to this route from now on, and does not respond; nothing: it responds again.
    pub fn hold(&self, route: Option<&'static str>) {
        self.0.lock().unwrap().held = route;
    }

    /// Whether something was sent to the route that is held.
    pub fn is_holding(&self) -> bool {
        self.0.lock().unwrap().is_holding
    }

    /// Makes it a version without the route that stores answers, or with it.
    pub fn set_old(&self, is_old: bool) {
        self.0.lock().unwrap().is_old = is_old;
    }

    /// Responds to so many reads of lines with 404.
    pub fn miss_pages(&self, count: usize) {
        self.0.lock().unwrap().missing_pages = count;
    }

    /// How often somebody tried to store a message.
    pub fn stores(&self) -> usize {
        self.0.lock().unwrap().stores
    }

    /// How many messages of lines were read.
    pub fn reads(&self) -> usize {
        self.0.lock().unwrap().reads
    }

    /// The messages of a chat, as they were stored.
    pub fn messages(&self, chat: &str) -> Vec<Value> {
        let known = self.0.lock().unwrap();
        known
            .messages
            .iter()
            .filter(|message| message["chat_id"] == chat)
            .cloned()
            .map(Value::Object)
            .collect()
    }

    /// Adds a message that a client has brought to the trunk of a chat, and returns its id.
    pub fn add_message(&self, chat: &str, question: &str, response: &str) -> String {
        let id = ResponseId::generate().to_string();
        let body = json!({
            "chat_id": chat, "branch_id": chat, "question": question, "response": response, "placement": "append",
        });
        let mut known = self.0.lock().unwrap();
        let parent = known.head(chat).map(|head| head["response_id"].clone());
        known.store(&id, &body, &parent.unwrap_or_default());
        id
    }
}

impl Respond for BranchService {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let path: Vec<_> = request.url.path().split('/').skip(2).map(str::to_owned).collect();
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        let query = |name: &str| {
            let mut pairs = request.url.query_pairs();
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let mut known = self.0.lock().unwrap();
        let response = match (request.method.as_str(), &*path) {
            ("POST", ["lines", "place"]) => known.place(&request.body_json().unwrap()),
            ("PUT", ["answers", id]) => known.put_answer(id, &request.body_json().unwrap()),
            ("GET", ["lines", branch, "messages"]) => {
                let depth = query("depth").unwrap().parse().unwrap();
                known.page(branch, depth, query("limit").unwrap().parse().unwrap())
            }
            ("GET", ["messages", id]) => known.message_in(id, query("chat_id").as_deref()),
            ("PUT", ["living-messages"]) => known.living_messages(&request.body_json().unwrap()),
            ("GET", ["chats", chat]) => known.chat(chat),
            _ => not_found("not_found"),
        };
        if known.held.is_some() && path.first().copied() == known.held {
            known.is_holding = true;
            return response.set_delay(HOLD);
        }
        response
    }
}
