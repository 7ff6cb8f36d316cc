//! A chat that goes through a crash, and how its owner sees it.

use crate::kit::{Chat, key};
use branch::domain::Message;
use branch::store::{ContentStore, NewTrunk};
use serde_json::Value;
use shared::clock::Clock;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared_test_kit::{Answer, TestClient};
use std::collections::{BTreeMap, BTreeSet};

/// On the trunk hang `other` and `a`, on `a` hangs `b`, on `b` `c`, and on that `e`, which is active.
pub struct Tree {
    pub owner: UserId,
    /// The chat's, and the trunk's.
    pub id: String,
    pub a: String,
    pub b: String,
    pub c: String,
    pub e: String,
    pub other: String,
    /// The last message of the trunk.
    pub last: ResponseId,
    /// A message of `a`, to fork from.
    pub from: ResponseId,
    /// The questions of each line.
    pub lines: BTreeMap<String, Vec<String>>,
}

impl Tree {
    /// Grows one in the chat of a new user.
    pub async fn grow(store: &ContentStore, clock: &Clock) -> Self {
        let chat = Chat { store: store.clone(), id: ChatId::generate(), owner: UserId::generate() };
        let new = NewTrunk { chat: chat.id, owner: chat.owner, created_at: clock.now() };
        store.create_trunk(new).await.unwrap();
        let trunk = say(&chat, chat.trunk(), &["t1", "t2", "t3", "t4"]).await;
        let a = chat.fork(trunk[1].id).await;
        let in_a = say(&chat, a, &["a1", "a2"]).await;
        let b = chat.fork(in_a[0].id).await;
        let in_b = say(&chat, b, &["b1"]).await;
        let c = chat.fork(in_b[0].id).await;
        let e = chat.fork(say(&chat, c, &["c1"]).await[0].id).await;
        say(&chat, e, &["e1", "e2"]).await;
        let other = chat.fork(trunk[2].id).await;
        say(&chat, other, &["o1"]).await;
        store.activate(chat.owner, chat.trunk(), e).await.unwrap();
        let mut lines = BTreeMap::new();
        for branch in [chat.trunk(), a, b, c, e, other] {
            lines.insert(branch.to_string(), chat.line(branch).await);
        }
        let text = |branch: BranchId| branch.to_string();
        Self {
            owner: chat.owner,
            id: chat.id.to_string(),
            a: text(a),
            b: text(b),
            c: text(c),
            e: text(e),
            other: text(other),
            last: trunk[3].id,
            from: in_a[0].id,
            lines,
        }
    }

    /// The branches on whose line this question is.
    pub fn with(&self, question: &str) -> Vec<&String> {
        let with = self.lines.iter().filter(|(_, line)| line.iter().any(|one| one == question));
        with.map(|(branch, _)| branch).collect()
    }

    /// What is there. `None` if there is no such chat.
    pub async fn look(&self, client: &TestClient) -> Option<View> {
        let answer = self.get_tree(client, &self.id).await;
        if answer.status == 404 {
            return None;
        }
        let answer = answer.expect(200).json();
        let branches = answer["branches"].as_array().unwrap().iter();
        let branches =
            branches.map(|branch| (text(&branch["branch_id"]), text_or_none(&branch["head_response_id"])));
        let view = View { active: text(&answer["active_branch_id"]), heads: branches.collect() };
        assert!(view.heads.contains_key(&view.active), "the active branch is not there: {view:?}");
        Some(view)
    }

    /// Reads all that is seen, and checks that it makes sense.
    pub async fn read(&self, client: &TestClient, view: Option<&View>) {
        let mut own = BTreeSet::new();
        for (branch, head) in view.iter().flat_map(|view| &view.heads) {
            let line = self.get_line(client, branch).await.unwrap();
            // No gaps, nothing twice, and the head is the last of it.
            let mut before = Value::Null;
            for (message, depth) in line.iter().zip(1..) {
                assert_eq!((&message["depth"], &message["parent_response_id"]), (&depth.into(), &before));
                before = message["response_id"].clone();
            }
            assert_eq!(text_or_none(&before), *head);
            let planted = self.lines.get(branch).into_iter().flatten();
            assert!(planted.zip(&line).all(|(planted, read)| *planted == read["question"]));
            assert!(
                self.lines.get(branch).is_none_or(|planted| planted.len() <= line.len()),
                "{branch} is shorter"
            );
            own.extend(
                line.iter().filter(|one| one["branch_id"] == **branch).map(|one| text(&one["response_id"])),
            );
        }
        let all = list(client, "/api/v1/messages/all-messages?limit=200".to_owned()).await.unwrap();
        assert_eq!(all.iter().map(|message| text(&message["response_id"])).collect::<BTreeSet<_>>(), own);
        // What is not listed is not there by its id either.
        for branch in
            self.lines.keys().filter(|branch| view.is_none_or(|view| !view.heads.contains_key(*branch)))
        {
            self.get_tree(client, branch).await.expect(404);
            assert_eq!(self.get_line(client, branch).await, None);
        }
    }

    async fn get_tree(&self, client: &TestClient, branch: &str) -> Answer {
        client.get(&format!("/api/v1/branches/get-branches?chat_id={branch}")).await
    }

    /// A line, oldest first; `None` if there is no such branch.
    async fn get_line(&self, client: &TestClient, branch: &str) -> Option<Vec<Value>> {
        let path = format!(
            "/api/v1/messages/get-messages?chat_id={}&branch_id={branch}&order=asc&limit=200",
            self.id
        );
        list(client, path).await
    }
}

/// What the owner sees of the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    pub active: String,
    /// The branches that are there, and the heads of their lines.
    pub heads: BTreeMap<String, Option<String>>,
}

impl View {
    /// The branches that were not there at first.
    pub fn new_in(&self, tree: &Tree) -> Vec<&String> {
        self.heads.keys().filter(|branch| !tree.lines.contains_key(*branch)).collect()
    }
}

/// All pages of a list; `None` if there is no such thing.
pub async fn list(client: &TestClient, first: String) -> Option<Vec<Value>> {
    let (mut items, mut next) = (Vec::new(), Some(first));
    while let Some(path) = next {
        let page = client.get(&path).await;
        if page.status == 404 {
            return None;
        }
        items.extend(page.clone().expect(200).json().as_array().unwrap().clone());
        next = page.next();
    }
    Some(items)
}

/// Appends these questions, the first of them with a key.
async fn say(chat: &Chat, branch: BranchId, questions: &[&str]) -> Vec<Message> {
    let mut said = Vec::new();
    for question in questions {
        let mut message = chat.message(branch, question);
        message.key = Some(key(1)).filter(|_| said.is_empty());
        said.push(chat.store.append(message.clone()).await.unwrap().object);
    }
    said
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn text_or_none(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
