//! What the stand-in of the branch service knows: messages in lines.

use serde_json::{Map, Value, json};
use shared::ids::BranchId;
use wiremock::ResponseTemplate;

#[derive(Debug, Default)]
pub struct Known {
    /// The messages, in the order in which they were stored.
    pub messages: Vec<Map<String, Value>>,
    /// The chats, or branches, that are gone.
    pub gone: Vec<String>,
    pub settings: Value,
    pub fails_to_store: bool,
    /// Whether it is of a version that has no route to store answers.
    pub is_old: bool,
    /// How many pages of lines are yet refused with 404.
    pub missing_pages: usize,
    pub stores: usize,
    pub reads: usize,
    /// The route that does not respond.
    pub held: Option<&'static str>,
    pub is_holding: bool,
}

impl Known {
    pub fn is_gone(&self, message: &Map<String, Value>) -> bool {
        self.gone.iter().any(|gone| message["chat_id"] == **gone || message["branch_id"] == **gone)
    }

    /// The last message of a branch's line; the trunk has the id of its chat.
    pub fn head(&self, branch: &str) -> Option<&Map<String, Value>> {
        self.messages.iter().rev().find(|message| message["branch_id"] == branch)
    }

    pub fn message(&self, id: &str) -> Option<Map<String, Value>> {
        self.messages.iter().find(|message| message["response_id"] == id).cloned()
    }

    /// A message as it is read in a chat: each is a fork of all others.
    pub fn message_in(&self, id: &str, chat: Option<&str>) -> ResponseTemplate {
        if chat.is_some_and(|chat| self.gone.iter().any(|gone| gone == chat)) {
            return not_found("chat_not_found");
        }
        let message = self.message(id).filter(|message| chat.is_some() || !self.is_gone(message));
        let Some(mut message) = message else { return not_found("message_not_found") };
        let is_inherited =
            chat.is_some_and(|chat| message["chat_id"] != chat && message["branch_id"] != chat);
        message.insert("inherited".to_owned(), json!(is_inherited));
        ok(&Value::Object(message))
    }

    pub fn living_messages(&self, body: &Value) -> ResponseTemplate {
        if self.is_old {
            return not_found("not_found");
        }
        let ids = body["response_ids"].as_array().unwrap().iter();
        let is_alive = |id: &&Value| {
            id.as_str().and_then(|id| self.message(id)).is_some_and(|message| !self.is_gone(&message))
        };
        ok(&json!({"response_ids": ids.filter(is_alive).collect::<Vec<_>>()}))
    }

    pub fn place(&self, body: &Value) -> ResponseTemplate {
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

    pub fn put_answer(&mut self, id: &str, body: &Value) -> ResponseTemplate {
        self.stores += 1;
        if self.fails_to_store {
            return ResponseTemplate::new(503);
        }
        if self.is_old {
            return not_found("not_found");
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

    pub fn store(&mut self, id: &str, body: &Value, parent: &Value) -> Map<String, Value> {
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
    pub fn page(&mut self, branch: &str, depth: i64, limit: usize) -> ResponseTemplate {
        if let Some(left) = self.missing_pages.checked_sub(1) {
            self.missing_pages = left;
            return not_found("not_found");
        }
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

    /// The chat service's answer: all chats are of one owner.
    pub fn chat(&self, chat: &str) -> ResponseTemplate {
        if self.gone.iter().any(|gone| gone == chat) {
            return not_found("chat_not_found");
        }
        let (owner, settings) = (crate::app::OWNER, &self.settings);
        ok(&json!({"chat_id": chat, "account_id": owner, "deleted": false, "settings": settings}))
    }
}

pub fn ok(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

pub fn not_found(code: &str) -> ResponseTemplate {
    ResponseTemplate::new(404).set_body_json(json!({"detail": "Not found", "code": code}))
}
