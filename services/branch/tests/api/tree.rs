//! Random work on a chat, against a model that copies whole lines.

use crate::app::{Chat, questions, spawn_app, text};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
enum Step {
    Append(Index),
    Fork { branch: Index, depth: Index, activate: bool },
    Activate(Index),
    Rename(Index),
    Delete { branch: Index, cascade: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let index = any::<Index>;
    let step = prop_oneof![
        5 => index().prop_map(Step::Append),
        5 => (index(), index(), any::<bool>())
            .prop_map(|(branch, depth, activate)| Step::Fork { branch, depth, activate }),
        1 => index().prop_map(Step::Activate),
        1 => index().prop_map(Step::Rename),
        2 => (index(), any::<bool>()).prop_map(|(branch, cascade)| Step::Delete { branch, cascade }),
    ];
    prop::collection::vec(step, 30..60)
}

#[derive(Debug, Clone)]
struct Copy {
    parent: Option<String>,
    from: Option<String>,
    name: Value,
    /// Response, question and owner of each message.
    line: Vec<(String, String, String)>,
}

/// Branches by id, in the order of their making.
struct Model {
    branches: BTreeMap<String, Copy>,
    active: String,
    said: usize,
}

impl Model {
    fn pick(&self, index: Index) -> String {
        let ids: Vec<_> = self.branches.keys().cloned().collect();
        index.get(&ids).clone()
    }

    fn below(&self, branch: &str) -> Vec<String> {
        let mut found = vec![branch.to_owned()];
        let mut next = 0;
        while let Some(node) = found.get(next).cloned() {
            next += 1;
            let children = self.branches.iter().filter(|(_, copy)| copy.parent.as_ref() == Some(&node));
            found.extend(children.map(|(id, _)| id.clone()));
        }
        found
    }
}

async fn take(chat: &Chat, model: &mut Model, step: &Step) {
    match step {
        Step::Append(index) => {
            let branch = model.pick(*index);
            model.said += 1;
            let question = model.said.to_string();
            let message = chat.say_on(&branch, &question).await;
            let line = &mut model.branches.get_mut(&branch).unwrap().line;
            line.push((text(&message["response_id"]), question, branch));
            assert_eq!(message["depth"], line.len());
        }
        Step::Fork { branch, depth, activate } => {
            let branch = model.pick(*branch);
            let line = &model.branches[&branch].line;
            let line = line[..depth.index(line.len() + 1)].to_vec();
            fork(chat, model, &branch, line, *activate).await;
        }
        Step::Activate(index) => {
            model.active = model.pick(*index);
            chat.activate(&chat.id, &model.active).await.expect(200);
        }
        Step::Rename(index) => {
            let branch = model.pick(*index);
            let name = json!(format!("name {}", model.said));
            chat.rename(&branch, &json!({"name": name})).await.expect(200);
            model.branches.get_mut(&branch).unwrap().name = name;
        }
        Step::Delete { branch, cascade } => {
            let branch = model.pick(*branch);
            delete(chat, model, &branch, *cascade).await;
        }
    }
}

async fn fork(
    chat: &Chat,
    model: &mut Model,
    branch: &str,
    line: Vec<(String, String, String)>,
    activate: bool,
) {
    let (from, parent) = match line.last() {
        Some((response, _, owner)) => (Some(response.clone()), owner.clone()),
        None => (None, chat.id.clone()),
    };
    let body = json!({"original_chat_id": branch, "branch_from_response_id": from, "activate": activate});
    let fork = text(&chat.post_branch(&body).await.expect(201).json()["branch_id"]);
    if activate {
        model.active.clone_from(&fork);
    }
    model.branches.insert(fork, Copy { parent: Some(parent), from, name: Value::Null, line });
}

async fn delete(chat: &Chat, model: &mut Model, branch: &str, cascade: bool) {
    let doomed = model.below(branch);
    let answer = chat.delete_branch(branch, &format!("?cascade={cascade}")).await;
    if branch == chat.id || (doomed.len() > 1 && !cascade) {
        assert_eq!(answer.status, 409);
        return;
    }
    assert_eq!(answer.status, 200, "{}", answer.text);
    let parent = model.branches[branch].parent.clone().unwrap();
    for gone in doomed {
        model.branches.remove(&gone);
        if model.active == gone {
            model.active.clone_from(&parent);
        }
    }
}

async fn check(chat: &Chat, model: &Model) {
    let tree = chat.tree(&chat.id).await;
    assert_eq!(tree["active_branch_id"], model.active);
    let listed = tree["branches"].as_array().unwrap();
    assert_eq!(listed.len(), model.branches.len());
    for branch in listed {
        let id = text(&branch["branch_id"]);
        let copy = &model.branches[&id];
        let own = copy.line.iter().filter(|(_, _, owner)| *owner == id).count();
        assert_eq!(branch["parent_branch_id"], json!(copy.parent));
        assert_eq!(branch["forked_from_response_id"], json!(copy.from));
        assert_eq!(branch["fork_depth"], copy.line.len() - own);
        assert_eq!(branch["message_count"], own);
        assert_eq!(branch["name"], copy.name);
        assert_eq!(branch["active"], id == model.active);
        assert_eq!(branch["head_response_id"], json!(copy.line.last().map(|(response, ..)| response)));
        check_line(chat, model, &id).await;
        let below = chat.tree(&id).await;
        let mut found: Vec<_> =
            below["branches"].as_array().unwrap().iter().map(|b| text(&b["branch_id"])).collect();
        let mut expected = model.below(&id);
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }
}

async fn check_line(chat: &Chat, model: &Model, branch: &str) {
    let copy = &model.branches[branch];
    let line = chat.get_line(&chat.id, &format!("&branch_id={branch}&order=asc&limit=200")).await.expect(200);
    assert_eq!(
        questions(&line),
        copy.line.iter().map(|(_, question, _)| question.as_str()).collect::<Vec<_>>()
    );
    for (index, message) in line.json().as_array().unwrap().iter().enumerate() {
        let (response, _, owner) = &copy.line[index];
        assert_eq!((&message["response_id"], &message["branch_id"]), (&json!(response), &json!(owner)));
        assert_eq!(message["depth"], index + 1);
        let parent = index.checked_sub(1).map(|before| &copy.line[before].0);
        assert_eq!(message["parent_response_id"], json!(parent));
        let mut forks: Vec<_> = message["branches"].as_array().unwrap().iter().map(text).collect();
        forks.sort_unstable();
        let expected = model.branches.iter().filter(|(_, copy)| copy.from.as_ref() == Some(response));
        assert_eq!(forks, expected.map(|(id, _)| id.clone()).collect::<Vec<_>>());
    }
}

impl Chat {
    async fn say_on(&self, branch: &str, question: &str) -> Value {
        let body = json!({"chat_id": self.id, "branch_id": branch, "question": question, "response": ""});
        self.post_message(&body).await.expect(201).json()
    }
}

#[tokio::test]
async fn the_tree_and_copies_of_whole_lines_agree() {
    let app = spawn_app().await;
    let mut runner = TestRunner::default();
    for _ in 0..6 {
        let chat = app.chat();
        let trunk = Copy { parent: None, from: None, name: Value::Null, line: Vec::new() };
        let branches = BTreeMap::from([(chat.id.clone(), trunk)]);
        let mut model = Model { branches, active: chat.id.clone(), said: 0 };
        let steps = steps().new_tree(&mut runner).unwrap().current();
        for (number, step) in steps.iter().enumerate() {
            take(&chat, &mut model, step).await;
            if number % 10 == 9 || number + 1 == steps.len() {
                check(&chat, &model).await;
            }
        }
    }
}
