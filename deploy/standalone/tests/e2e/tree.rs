//! The tree against a model that is too simple to be wrong: it copies the whole line at every fork.

use crate::app::{TestStack, User, column, spawn_stack, text};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

/// A step. An index picks among the branches (or the places of a line) that there are by then.
#[derive(Debug, Clone)]
enum Step {
    Append { branch: Index },
    Fork { branch: Index, place: Index, activate: bool },
    Switch { branch: Index },
    Rename { branch: Index, name: Option<String> },
    Delete { branch: Index, cascade: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let branch = any::<Index>;
    let step = prop_oneof![
        4 => branch().prop_map(|branch| Step::Append { branch }),
        4 => (branch(), any::<Index>(), any::<bool>())
            .prop_map(|(branch, place, activate)| Step::Fork { branch, place, activate }),
        1 => branch().prop_map(|branch| Step::Switch { branch }),
        1 => (branch(), proptest::option::of("[a-z]{1,5}")).prop_map(|(branch, name)| Step::Rename { branch, name }),
        1 => (branch(), any::<bool>()).prop_map(|(branch, cascade)| Step::Delete { branch, cascade }),
    ];
    proptest::collection::vec(step, 1..30)
}

#[derive(Debug, Clone)]
struct Message {
    id: String,
    owner: String,
}

#[derive(Debug, Clone)]
struct Branch {
    id: String,
    parent: Option<String>,
    forked_from: Option<String>,
    fork_depth: usize,
    name: Option<String>,
    line: Vec<Message>,
}

/// All branches in the order in which they were made, each with its whole line.
#[derive(Debug)]
struct Model {
    branches: Vec<Branch>,
    active: String,
}

impl Model {
    fn new(chat: &str) -> Self {
        let trunk = Branch {
            id: chat.to_owned(),
            parent: None,
            forked_from: None,
            fork_depth: 0,
            name: None,
            line: Vec::new(),
        };
        Self { branches: vec![trunk], active: chat.to_owned() }
    }

    fn level(&self, id: &str) -> usize {
        let branch = self.branches.iter().find(|branch| branch.id == id).unwrap();
        branch.parent.as_deref().map_or(0, |parent| 1 + self.level(parent))
    }

    fn children(&self, id: &str) -> Vec<&Branch> {
        self.branches.iter().filter(|branch| branch.parent.as_deref() == Some(id)).collect()
    }

    fn with_descendants(&self, id: &str) -> Vec<String> {
        let below = self.children(id).into_iter().flat_map(|child| self.with_descendants(&child.id));
        std::iter::once(id.to_owned()).chain(below).collect()
    }

    /// The node and all below it, parents first.
    fn subtree(&self, id: &str) -> Vec<String> {
        let inside = self.with_descendants(id);
        let mut ids: Vec<_> = self.branches.iter().map(|branch| branch.id.clone()).collect();
        ids.retain(|id| inside.contains(id));
        ids.sort_by_key(|id| self.level(id));
        ids
    }
}

struct Run {
    user: User,
    chat: String,
    model: Model,
}

impl Run {
    async fn take(&mut self, step: &Step) {
        match step {
            Step::Append { branch } => self.append(branch.index(self.model.branches.len())).await,
            Step::Fork { branch, place, activate } => {
                let branch = branch.index(self.model.branches.len());
                let place = place.index(self.model.branches[branch].line.len() + 1);
                self.fork(branch, place, *activate).await;
            }
            Step::Switch { branch } => {
                let id = self.model.branches[branch.index(self.model.branches.len())].id.clone();
                let body = json!({"chat_id": self.chat, "branch_id": id});
                self.user.put("/branches/set-active-branch", &body).await.expect(200);
                self.model.active = id;
            }
            Step::Rename { branch, name } => {
                let branch = branch.index(self.model.branches.len());
                let path = format!("/branches/update-branch/{}", self.model.branches[branch].id);
                let renamed = self.user.put(&path, &json!({"name": name})).await.expect(200).json();
                assert_eq!(renamed["name"], json!(name));
                self.model.branches[branch].name.clone_from(name);
            }
            Step::Delete { branch, cascade } => {
                self.delete(branch.index(self.model.branches.len()), *cascade).await;
            }
        }
    }

    async fn append(&mut self, branch: usize) {
        let id = self.model.branches[branch].id.clone();
        let body = json!({"chat_id": self.chat, "branch_id": id, "question": "q", "response": "r"});
        let message = self.user.post("/messages/add-message", &body).await.expect(201).json();
        let line = &mut self.model.branches[branch].line;
        line.push(Message { id: text(&message["response_id"]).to_owned(), owner: id });
        assert_eq!(message["depth"], line.len());
    }

    async fn fork(&mut self, branch: usize, depth: usize, activate: bool) {
        let source = self.model.branches[branch].clone();
        let line = source.line[..depth].to_vec();
        let forked_from = line.last().cloned();
        let body = json!({
            "original_chat_id": source.id,
            "branch_from_response_id": forked_from.as_ref().map(|message| &message.id),
            "activate": activate,
        });
        let fork = self.user.post("/branches/create-branch", &body).await.expect(201).json();
        let id = text(&fork["branch_id"]).to_owned();
        let parent = forked_from.as_ref().map_or(self.chat.clone(), |message| message.owner.clone());
        if activate {
            self.model.active.clone_from(&id);
        }
        let forked_from = forked_from.map(|message| message.id);
        self.model.branches.push(Branch {
            id,
            parent: Some(parent),
            forked_from,
            fork_depth: depth,
            name: None,
            line,
        });
    }

    async fn delete(&mut self, branch: usize, cascade: bool) {
        let branch = self.model.branches[branch].clone();
        let gone = self.model.with_descendants(&branch.id);
        let refused = branch.parent.is_none() || (gone.len() > 1 && !cascade);
        let path = format!("/branches/delete-branch/{}?cascade={cascade}", branch.id);
        self.user.delete(&path).await.expect(if refused { 409 } else { 200 });
        if refused {
            return;
        }
        if gone.contains(&self.model.active) {
            self.model.active = branch.parent.unwrap();
        }
        self.model.branches.retain(|branch| !gone.contains(&branch.id));
        for id in gone {
            self.user.get(&format!("/messages/get-messages?chat_id={id}")).await.expect(404);
        }
    }

    /// Compares all that can be read with the model.
    async fn check(&self) {
        for branch in &self.model.branches {
            self.check_line(branch).await;
            self.check_tree(branch).await;
        }
        let active =
            self.user.get(&format!("/messages/get-messages?chat_id={}", self.chat)).await.expect(200);
        assert_eq!(active.header("x-branch-id"), self.model.active);
    }

    async fn check_line(&self, branch: &Branch) {
        let ids: Vec<_> = branch.line.iter().map(|message| json!(message.id)).collect();
        let line = self.user.line(&format!("chat_id={}&branch_id={}&limit=3", self.chat, branch.id)).await;
        assert_eq!(column(&line, "response_id"), ids);
        for (place, message) in line.iter().enumerate() {
            let before = place.checked_sub(1).map(|before| &ids[before]);
            assert_eq!(message["depth"], place + 1);
            assert_eq!(message["parent_response_id"], before.cloned().unwrap_or_default());
            assert_eq!(message["branch_id"], branch.line[place].owner.as_str());
            let forks: Vec<_> = self
                .model
                .branches
                .iter()
                .filter(|fork| fork.forked_from.as_ref() == Some(&branch.line[place].id))
                .map(|fork| &fork.id)
                .collect();
            assert_eq!(message["branches"], json!(forks));
            assert_eq!(message["branch_count"], forks.len());
        }
        let pages =
            format!("/api/v1/messages/get-messages?chat_id={}&branch_id={}&limit=2", self.chat, branch.id);
        let mut newest_first = column(&self.user.pages(&pages).await, "response_id");
        newest_first.reverse();
        assert_eq!(newest_first, ids);
    }

    async fn check_tree(&self, branch: &Branch) {
        let tree =
            self.user.get(&format!("/branches/get-branches?chat_id={}", branch.id)).await.expect(200).json();
        assert_eq!(tree["chat_id"], branch.id.as_str());
        assert_eq!(tree["active_branch_id"], self.model.active.as_str());
        let children: Vec<_> = self.model.children(&branch.id).iter().map(|child| child.id.clone()).collect();
        assert_eq!(tree["children"], json!(children));
        let branches = tree["branches"].as_array().unwrap();
        assert_eq!(column(branches, "branch_id"), self.model.subtree(&branch.id));
        let view = branches.iter().find(|view| view["branch_id"] == branch.id.as_str()).unwrap();
        let own = branch.line.iter().filter(|message| message.owner == branch.id).count();
        let expected = [
            ("root_chat_id", json!(self.chat)),
            ("parent_branch_id", json!(branch.parent)),
            ("forked_from_response_id", json!(branch.forked_from)),
            ("fork_depth", json!(branch.fork_depth)),
            ("name", json!(branch.name)),
            ("message_count", json!(own)),
            ("head_response_id", json!(branch.line.last().map(|message| &message.id))),
            ("active", json!(self.model.active == branch.id)),
        ];
        for (field, value) in expected {
            assert_eq!(view[field], value, "{field} of {view}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_line_equals_that_of_the_model(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let stack: TestStack = spawn_stack().await;
            let user = stack.user("ann").await;
            let chat = user.chat("Trees").await;
            let mut run = Run { model: Model::new(&chat), user, chat };
            for step in &steps {
                run.take(step).await;
                run.check().await;
            }
        });
    }
}

#[tokio::test]
async fn a_branch_deeper_than_its_ancestry_window_reads_its_whole_line() {
    let stack = spawn_stack().await;
    let user = stack.user("ann").await;
    let chat = user.chat("Trees").await;
    let mut branch = chat.clone();
    let mut expected: Vec<Value> = Vec::new();
    for _ in 0..150 {
        let message = user.say(&branch, "q").await;
        branch = user.fork(&branch, &message["response_id"]).await;
        expected.push(message["response_id"].clone());
    }
    let line = user.line(&format!("chat_id={branch}")).await;
    assert_eq!(column(&line, "response_id"), expected);
    let middle = user.fork(&branch, &expected[20]).await;
    assert_eq!(column(&user.line(&format!("chat_id={middle}")).await, "response_id"), expected[..=20]);
}
