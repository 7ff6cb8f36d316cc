//! A stand-in for the branch service, with the internal routes that the chat service calls.

use reqwest::Url;
use serde_json::{Value, json};
use shared::ids::parse_uuid;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use wiremock::{Request, Respond, ResponseTemplate};

/// The outcome of calls that fork a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForkFailure {
    /// The service fails before it has made the trunk.
    Before,
    /// It fails after that, so that nobody hears of the trunk.
    After,
    /// The source is gone.
    SourceGone,
    /// The response is gone.
    ResponseGone,
}

/// The stand-in. Clones share what they know.
#[derive(Debug, Clone, Default)]
pub struct BranchService(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// Chat and head of branches, by their ids.
    branches: HashMap<String, (String, Option<String>)>,
    counts: HashMap<String, u32>,
    /// The requests that have made the trunks of forks, by the new chats.
    forks: HashMap<String, Value>,
    /// Number and state of chats.
    states: HashMap<String, (i64, String)>,
    fork_failure: Option<ForkFailure>,
}

impl BranchService {
    /// Gives a chat a branch with this head. The chat's own id is its trunk, which is active.
    pub fn add_branch(&self, branch: &str, chat: &str, head: Option<&str>) {
        let branch_of = (chat.to_owned(), head.map(str::to_owned));
        self.0.lock().unwrap().branches.insert(branch.to_owned(), branch_of);
    }

    pub fn count_branches(&self, chat: &str, count: u32) {
        self.0.lock().unwrap().counts.insert(chat.to_owned(), count);
    }

    pub fn fail_forks(&self, failure: impl Into<Option<ForkFailure>>) {
        self.0.lock().unwrap().fork_failure = failure.into();
    }

    /// The state of a chat: that of the highest number.
    pub fn state(&self, chat: &str) -> Option<String> {
        self.0.lock().unwrap().states.get(chat).map(|(_, state)| state.clone())
    }

    /// The chats whose trunks were made by forks, and are not destroyed.
    pub fn forks(&self) -> Vec<String> {
        let known = self.0.lock().unwrap();
        known.forks.keys().filter(|fork| !known.is_destroyed(fork)).cloned().collect()
    }

    /// The request that has made the trunk of a chat.
    pub fn fork(&self, chat: &str) -> Value {
        self.0.lock().unwrap().forks[chat].clone()
    }
}

impl Respond for BranchService {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let path: Vec<_> = request.url.path().split('/').skip(2).map(str::to_owned).collect();
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        let mut known = self.0.lock().unwrap();
        match (request.method.as_str(), &*path) {
            ("GET", ["chats", chat, "branch"]) => known.branch(chat, &request.url),
            ("GET", ["chats", chat, "fork-point"]) => known.fork_point(chat, &request.url),
            ("PUT", ["chats", chat, "fork"]) => known.make_trunk(chat, &request.body_json().unwrap()),
            ("PUT", ["chats", chat, "state"]) => known.change_state(chat, &request.url),
            ("DELETE", ["chats", chat]) => known.destroy(chat),
            ("PUT", ["branch-counts"]) => known.count(&request.body_json().unwrap()),
            _ => not_found("Not Found"),
        }
    }
}

impl Known {
    fn branch(&self, chat: &str, url: &Url) -> ResponseTemplate {
        let named = parameter(url, "branch_id").unwrap_or_else(|| chat.to_owned());
        if self.chat_of(&named) != Some(chat) && named != chat {
            return not_found("Branch not found");
        }
        ResponseTemplate::new(200).set_body_json(json!({"branch_id": named}))
    }

    fn fork_point(&self, id: &str, url: &Url) -> ResponseTemplate {
        let chat = self.chat_of(id).unwrap_or(id);
        let branch = parameter(url, "branch_id").unwrap_or_else(|| id.to_owned());
        if branch != id && self.chat_of(&branch) != Some(chat) {
            return not_found("Branch not found");
        }
        let heads = || self.branches.values().filter(|(of, _)| of == chat);
        let head = self.branches.get(&branch).and_then(|(_, head)| head.clone());
        let response = match parameter(url, "response_id") {
            Some(named) if heads().all(|(_, head)| head.as_ref() != Some(&named)) => {
                return not_found("Message not found");
            }
            named => named.or(head),
        };
        ResponseTemplate::new(200).set_body_json(json!({"chat_id": chat, "response_id": response}))
    }

    fn make_trunk(&mut self, chat: &str, body: &Value) -> ResponseTemplate {
        match self.fork_failure {
            _ if self.is_destroyed(chat) => return not_found("Chat not found"),
            Some(ForkFailure::Before) => return ResponseTemplate::new(500),
            Some(ForkFailure::SourceGone) => return not_found("Chat not found"),
            Some(ForkFailure::ResponseGone) => return not_found("Message not found"),
            Some(ForkFailure::After) | None => {}
        }
        let made = self.forks.entry(chat.to_owned()).or_insert_with(|| body.clone());
        assert_eq!(made, body, "the same fork is made by the same request");
        match self.fork_failure {
            Some(ForkFailure::After) => ResponseTemplate::new(500),
            _ => ResponseTemplate::new(200).set_body_json(json!({"msg": "Chat forked"})),
        }
    }

    fn change_state(&mut self, chat: &str, url: &Url) -> ResponseTemplate {
        let required = |name| parameter(url, name).unwrap_or_else(|| panic!("{name} in {url}"));
        assert!(parse_uuid(&required("owner")).is_some() && required("created_at").ends_with('Z'));
        let (number, state): (i64, _) = (required("number").parse().unwrap(), required("state"));
        assert_eq!(state == "deleted", parameter(url, "purge_at").is_some());
        let last = self.states.entry(chat.to_owned()).or_insert((0, "alive".to_owned()));
        if number > last.0 {
            *last = (number, state);
        }
        ResponseTemplate::new(200).set_body_json(json!({"msg": "State changed"}))
    }

    /// The route of older chat services.
    fn destroy(&mut self, chat: &str) -> ResponseTemplate {
        // In either form.
        let chat = parse_uuid(chat).unwrap().to_string();
        self.states.insert(chat, (i64::MAX, "destroyed".to_owned()));
        ResponseTemplate::new(200).set_body_json(json!({"msg": "Chat deleted"}))
    }

    fn count(&self, body: &Value) -> ResponseTemplate {
        let asked = body["chat_ids"].as_array().unwrap().iter().map(|chat| chat.as_str().unwrap());
        let counts: HashMap<_, _> =
            asked.filter_map(|chat| self.counts.get(chat).map(|count| (chat, count))).collect();
        ResponseTemplate::new(200).set_body_json(json!({"branch_counts": counts}))
    }

    fn chat_of(&self, branch: &str) -> Option<&str> {
        self.branches.get(branch).map(|(chat, _)| chat.as_str())
    }

    fn is_destroyed(&self, chat: &str) -> bool {
        self.states.get(chat).is_some_and(|(_, state)| state == "destroyed")
    }
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn not_found(detail: &str) -> ResponseTemplate {
    ResponseTemplate::new(404).set_body_json(json!({"detail": detail}))
}
