//! Stand-ins for the branch and the chat service, with the internal routes that the answer service calls.

use serde_json::{Map, Value, json};
use shared::ids::{BranchId, ResponseId};
use std::sync::{Arc, Mutex};
use wiremock::{Request, Respond, ResponseTemplate};

/// The stand-in of both. Clones share what they know. Every chat exists, is owned by who asks, and has one line unless it is forked.
#[derive(Debug, Clone, Default)]
pub struct BranchService(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// The messages, in the order in which they were stored.
    messages: Vec<Map<String, Value>>,
    /// The chats, or branches, that are gone.
    gone: Vec<String>,
    settings: Value,
    fails_to_store: bool,
    stores: usize,
    reads: usize,
}

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
        match (request.method.as_str(), &*path) {
            ("POST", ["lines", "place"]) => known.place(&request.body_json().unwrap()),
            ("PUT", ["answers", id]) => known.put_answer(id, &request.body_json().unwrap()),
            ("GET", ["lines", branch, "messages"]) => {
                let depth = query("depth").unwrap().parse().unwrap();
                known.page(branch, depth, query("limit").unwrap().parse().unwrap())
            }
            ("GET", ["messages", id]) => match known.message(id) {
                Some(message) if !known.is_gone(&message) => ok(&Value::Object(message)),
                _ => not_found("message_not_found"),
            },
            ("GET", ["chats", chat]) => known.chat(chat, request),
            _ => not_found("not_found"),
        }
    }
}

impl Known {
    fn is_gone(&self, message: &Map<String, Value>) -> bool {
        self.gone.iter().any(|gone| message["chat_id"] == **gone || message["branch_id"] == **gone)
    }

    /// The last message of a branch's line; the trunk has the id of its chat.
    fn head(&self, branch: &str) -> Option<&Map<String, Value>> {
        self.messages.iter().rev().find(|message| message["branch_id"] == branch)
    }

    fn message(&self, id: &str) -> Option<Map<String, Value>> {
        self.messages.iter().find(|message| message["response_id"] == id).cloned()
    }

    fn place(&self, body: &Value) -> ResponseTemplate {
        let chat = body["chat_id"].as_str().unwrap();
        if self.gone.iter().any(|gone| gone == chat) {
            return not_found("chat_not_found");
        }
        let branch = body["branch_id"].as_str().unwrap_or(chat);
        let head = self.head(branch).map(|head| head["response_id"].clone()).unwrap_or_default();
        if body.get("expected_head").is_some_and(|expected| *expected != head) {
            let body =
                json!({"detail": "The head has moved", "code": "head_moved", "head_response_id": head});
            return ResponseTemplate::new(409).set_body_json(body);
        }
        let parent = body.get("parent_response_id").cloned().unwrap_or_else(|| head.clone());
        let depth = match parent.as_str().map(|id| self.message(id)) {
            None => json!(0),
            Some(None) => return not_found("message_not_found"),
            Some(Some(parent)) => parent["depth"].clone(),
        };
        ok(&json!({
            "chat_id": chat, "branch_id": branch, "parent_response_id": parent, "depth": depth, "is_head": parent == head,
        }))
    }

    fn put_answer(&mut self, id: &str, body: &Value) -> ResponseTemplate {
        self.stores += 1;
        if self.fails_to_store {
            return ResponseTemplate::new(503);
        }
        if let Some(message) = self.message(id) {
            return ok(&Value::Object(message));
        }
        if self.gone.iter().any(|gone| body["chat_id"] == **gone || body["branch_id"] == **gone) {
            return not_found("chat_not_found");
        }
        let parent = body["parent_response_id"].clone();
        ok(&Value::Object(self.store(id, body, &parent)))
    }

    fn store(&mut self, id: &str, body: &Value, parent: &Value) -> Map<String, Value> {
        let branch = body["branch_id"].as_str().unwrap();
        let head = self.head(branch).map(|head| head["response_id"].clone()).unwrap_or_default();
        let is_append = body["placement"] == "append" && head == *parent;
        let branch = if is_append { branch.to_owned() } else { BranchId::generate().to_string() };
        let depth = parent
            .as_str()
            .and_then(|id| self.message(id))
            .map_or(0, |parent| parent["depth"].as_i64().unwrap());
        let message = json!({
            "response_id": id, "chat_id": body["chat_id"], "branch_id": branch, "depth": depth + 1,
            "parent_response_id": parent, "question": body["question"], "response": body["response"],
            "timestamp": "2026-12-02T12:00:00.000000Z", "branches": [], "branch_count": 0, "version": 1, "version_count": 1,
            "inherited": false, "copied_from": null, "metadata": {}, "generation": body.get("generation"),
            "input_items": body.get("input_items"), "output_items": body.get("output_items"),
        });
        let Value::Object(message) = message else { unreachable!() };
        self.messages.push(message.clone());
        message
    }

    /// The line of the trunk, or of a branch that forks from it, downwards.
    fn page(&mut self, branch: &str, depth: i64, limit: usize) -> ResponseTemplate {
        let on_line = |message: &&Map<String, Value>| {
            message["branch_id"] == branch || message["branch_id"] == message["chat_id"]
        };
        let mut line: Vec<_> = self.messages.iter().filter(on_line).cloned().collect();
        line.retain(|message| message["depth"].as_i64().unwrap() <= depth);
        line.sort_by_key(|message| -message["depth"].as_i64().unwrap());
        line.truncate(limit);
        self.reads += line.len();
        ok(&json!(line))
    }

    /// The chat service's answer; the owner is who owns the token of the test, which it is told with a header.
    fn chat(&self, chat: &str, request: &Request) -> ResponseTemplate {
        if self.gone.iter().any(|gone| gone == chat) {
            return not_found("chat_not_found");
        }
        let owner = request.url.host_str().map(|_| crate::app::OWNER);
        ok(&json!({"chat_id": chat, "account_id": owner, "deleted": false, "settings": self.settings}))
    }
}

fn ok(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn not_found(code: &str) -> ResponseTemplate {
    ResponseTemplate::new(404).set_body_json(json!({"detail": "Not found", "code": code}))
}
