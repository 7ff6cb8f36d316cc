//! What is asked of the service when it is killed, and how much of it was done.

use crate::tree::{Tree, View};
use reqwest::Method;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::ids::BranchId;
use shared::service::Service;
use shared_test_kit::{Answer, TestClient, token_keys};
use std::fmt;
use std::time::Duration;

/// Longer than all runs of an operation take together, and the sweeps after a restart wait, but for the last two.
const UNDO_WINDOW: Duration = Duration::from_secs(30 * 60);

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Fork {
        activate: bool,
        with_id: bool,
        keyed: bool,
    },
    /// A fork of a branch that is deleted before it is there.
    ForkOfTheDeleted,
    Edit {
        activate: bool,
        keyed: bool,
    },
    CherryPick {
        keyed: bool,
    },
    /// The answer of a model, at a head that has moved.
    Answer {
        activate: bool,
    },
    /// An append that forks a branch, because its head has moved, which is deleted before the fork is there.
    ForkOnHeadMovedOfTheDeleted,
    DeleteLeaf,
    Cascade,
    DeleteChat,
    /// A deletion that can be undone, of a leaf or with descendants.
    DeleteForAWhile {
        cascade: bool,
    },
    /// Of a branch that was deleted with its descendants, one of which was active.
    Restore,
    /// Deleting a branch for good, of whose descendants one was deleted before.
    Destroy,
}

/// How much of it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    None,
    Partly,
    Whole,
}

/// An operation on a tree, which can be asked for again.
pub struct Request<'a> {
    pub operation: Operation,
    pub tree: &'a Tree,
    id: String,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Whether the last command is the last of a sweep that finds nothing due. The reporter of activity reads in between.
pub fn has_swept(answered: &[String]) -> bool {
    let last =
        answered.iter().rfind(|command| !["find branches", "find messages"].contains(&command.as_str()));
    last.is_some_and(|command| command == "find branches swept")
}

impl Operation {
    /// How long what it deletes can be restored.
    pub const fn undo_window(self) -> Duration {
        match self {
            Self::DeleteForAWhile { .. } | Self::Restore | Self::Destroy => UNDO_WINDOW,
            _ => Duration::ZERO,
        }
    }

    /// Whether all that comes after the answer has been done, too.
    pub fn is_finished(self, answered: &[String]) -> bool {
        match self {
            // What is written behind the answer ends with the message that was forked.
            Self::Fork { .. } | Self::Edit { .. } | Self::CherryPick { .. } | Self::Answer { .. } => {
                let mut after = answered.iter().skip_while(|command| *command != "insert branches");
                after.any(|command| command == "update messages")
            }
            Self::ForkOfTheDeleted | Self::ForkOnHeadMovedOfTheDeleted | Self::Restore => true,
            Self::DeleteLeaf
            | Self::Cascade
            | Self::DeleteChat
            | Self::DeleteForAWhile { .. }
            | Self::Destroy => has_swept(answered),
        }
    }
}

impl<'a> Request<'a> {
    pub fn new(operation: Operation, tree: &'a Tree) -> Self {
        Self { operation, tree, id: BranchId::generate().to_string() }
    }

    /// Sends it; `None` if no answer comes.
    pub async fn send(&self, client: &TestClient) -> Option<Answer> {
        let client = client.as_user(self.tree.owner);
        let branches = "/api/v1/branches";
        let (method, path) = match self.operation {
            Operation::Fork { activate, with_id, keyed } => {
                let mut body = self.fork(&json!(self.tree.from));
                body["activate"] = json!(activate);
                if with_id {
                    body["new_chat_id"] = json!(self.id);
                }
                let client = if keyed { self.keyed(&client) } else { client };
                return client.try_post(&format!("{branches}/create-branch"), &body).await;
            }
            Operation::ForkOfTheDeleted => {
                return self.fork_with_the_key(&client, &json!(self.tree.from)).await;
            }
            Operation::Edit { activate, keyed } => {
                let body = json!({"response_id": self.tree.from, "response": "edited", "activate": activate});
                let client = if keyed { self.keyed(&client) } else { client };
                return client.try_post("/api/v1/messages/edit-message", &body).await;
            }
            Operation::CherryPick { keyed } => {
                let ids = [self.tree.from, self.tree.last, self.tree.from];
                let body = json!({"response_ids": ids, "onto_branch_id": self.tree.other});
                let client = if keyed { self.keyed(&client) } else { client };
                return client.try_post(&format!("{branches}/cherry-pick"), &body).await;
            }
            Operation::Answer { activate } => {
                let body = json!({"owner": self.tree.owner, "chat_id": self.tree.id, "branch_id": self.tree.a,
                                  "parent_response_id": self.tree.from, "question": "x", "response": "",
                                  "generation": {}, "placement": "append", "activate": activate});
                let client = as_service(&client, Service::Answer);
                let path = format!("/internal/answers/{}", self.id);
                return client.try_send(Method::PUT, &path, Some(body.to_string())).await;
            }
            Operation::ForkOnHeadMovedOfTheDeleted => {
                return self.append_with_the_key(&client, &self.tree.a, &json!(self.tree.from)).await;
            }
            Operation::DeleteLeaf | Operation::DeleteForAWhile { cascade: false } => {
                (Method::DELETE, format!("{branches}/delete-branch/{}", self.tree.e))
            }
            Operation::Cascade | Operation::DeleteForAWhile { cascade: true } => {
                (Method::DELETE, format!("{branches}/delete-branch/{}?cascade=true", self.tree.b))
            }
            Operation::Destroy => {
                let path = format!("{branches}/delete-branch/{}?cascade=true&permanent=true", self.tree.b);
                (Method::DELETE, path)
            }
            Operation::Restore => (Method::POST, format!("{branches}/restore-branch/{}", self.tree.b)),
            Operation::DeleteChat => {
                let path = format!("/internal/chats/{}?owner={}", self.tree.id, self.tree.owner);
                return as_service(&client, Service::Chat).try_send(Method::DELETE, &path, None).await;
            }
        };
        client.try_send(method, &path, None).await
    }

    fn fork(&self, from: &Value) -> Value {
        json!({"original_chat_id": self.tree.id, "branch_from_response_id": from})
    }

    fn keyed(&self, client: &TestClient) -> TestClient {
        client.with_header("idempotency-key", &self.id)
    }

    /// A fork from any message, with the key of this request.
    pub async fn fork_with_the_key(&self, client: &TestClient, from: &Value) -> Option<Answer> {
        let client = self.keyed(&client.as_user(self.tree.owner));
        client.try_post("/api/v1/branches/create-branch", &self.fork(from)).await
    }

    /// An append to a branch that expects this head, or else forks there, with the key of this request.
    pub async fn append_with_the_key(
        &self,
        client: &TestClient,
        branch: &str,
        head: &Value,
    ) -> Option<Answer> {
        let client = self.keyed(&client.as_user(self.tree.owner));
        let body = json!({"chat_id": self.tree.id, "branch_id": branch, "question": "x", "response": "",
                          "expected_head": head, "on_head_moved": "fork"});
        client.try_post("/api/v1/messages/add-message", &body).await
    }

    /// How much of it is done, in the eyes of the owner. What it is not about must be there.
    pub fn effect(&self, view: Option<&View>) -> Effect {
        let doomed = match self.operation {
            Operation::Fork { .. }
            | Operation::Edit { .. }
            | Operation::CherryPick { .. }
            | Operation::Answer { .. } => vec![],
            Operation::ForkOfTheDeleted | Operation::ForkOnHeadMovedOfTheDeleted => self.tree.with("a1"),
            Operation::DeleteLeaf | Operation::DeleteForAWhile { cascade: false } => vec![&self.tree.e],
            Operation::Cascade
            | Operation::DeleteForAWhile { cascade: true }
            | Operation::Restore
            | Operation::Destroy => self.tree.with("b1"),
            Operation::DeleteChat => self.tree.lines.keys().collect(),
        };
        let is_there = |branch: &str| view.is_some_and(|view| view.heads.contains_key(branch));
        for branch in self.tree.lines.keys().filter(|branch| !doomed.contains(branch)) {
            assert!(is_there(branch), "{branch} is not there any more");
        }
        let before = match self.operation {
            Operation::Restore => 0,
            // One was deleted before.
            Operation::Destroy => doomed.len() - 1,
            _ => doomed.len(),
        };
        let after = if self.operation == Operation::Restore { doomed.len() } else { 0 };
        let left = doomed.iter().filter(|branch| is_there(branch)).count();
        match (self.operation, view) {
            (
                Operation::Fork { activate, .. }
                | Operation::Edit { activate, .. }
                | Operation::Answer { activate },
                Some(view),
            ) => match view.new_in(self.tree).last() {
                None => Effect::None,
                Some(_) if activate && view.active == self.tree.e => Effect::Partly,
                Some(_) => Effect::Whole,
            },
            (Operation::CherryPick { .. }, Some(view)) => {
                if view.new_in(self.tree).is_empty() {
                    Effect::None
                } else {
                    Effect::Whole
                }
            }
            (Operation::ForkOfTheDeleted | Operation::ForkOnHeadMovedOfTheDeleted, Some(view)) => {
                if view.new_in(self.tree).is_empty() { Effect::None } else { Effect::Partly }
            }
            _ if left == before => Effect::None,
            _ if left == after => Effect::Whole,
            _ => Effect::Partly,
        }
    }

    /// Checks which branch is active when it is done.
    pub fn check_active(&self, view: &View) {
        let expected = match self.operation {
            Operation::Fork { activate: true, .. }
            | Operation::Edit { activate: true, .. }
            | Operation::Answer { activate: true } => view.new_in(self.tree),
            Operation::Fork { .. }
            | Operation::Edit { .. }
            | Operation::CherryPick { .. }
            | Operation::Answer { .. }
            | Operation::Restore => vec![&self.tree.e],
            Operation::DeleteLeaf | Operation::DeleteForAWhile { cascade: false } => vec![&self.tree.c],
            Operation::Cascade | Operation::DeleteForAWhile { cascade: true } | Operation::Destroy => {
                vec![&self.tree.a]
            }
            Operation::ForkOfTheDeleted | Operation::ForkOnHeadMovedOfTheDeleted | Operation::DeleteChat => {
                vec![&self.tree.id]
            }
        };
        assert!(expected.contains(&&view.active), "{} is active, not {expected:?}", view.active);
    }
}

/// A client that is this service.
fn as_service(client: &TestClient, service: Service) -> TestClient {
    let token = token_keys(&Clock::system()).issue_for_service(service, Service::Branch).unwrap();
    client.with_token(&token)
}
