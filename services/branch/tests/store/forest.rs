//! Random work on chats that are forked from each other, through two stores, against a model that copies whole lines.

use crate::kit::{Chat, Kit};
use crate::message_tree::{request, walk};
use branch::domain::{Message, Order};
use branch::store::{EditRequest, ForkRequest, MessageRequest};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use shared::ids::{BranchId, ResponseId};
use std::collections::{BTreeMap, BTreeSet};

/// The most chats at a time, lest a check take long.
const MAX_CHATS: usize = 8;

#[derive(Debug, Clone)]
enum Step {
    Append(Index, Index),
    /// At any message of any line, or before the first.
    Fork(Index, Index, Index),
    /// Of any message of any line.
    Edit(Index, Index, Index),
    /// Of any part of any line.
    ForkChat(Index, Index, Index),
    DeleteBranch(Index, Index),
    DeleteChat(Index),
    Sweep,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let index = any::<Index>;
    let step = prop_oneof![
        6 => (index(), index()).prop_map(|(chat, branch)| Step::Append(chat, branch)),
        3 => (index(), index(), index()).prop_map(|(chat, branch, depth)| Step::Fork(chat, branch, depth)),
        3 => (index(), index(), index()).prop_map(|(chat, branch, depth)| Step::Edit(chat, branch, depth)),
        4 => (index(), index(), index()).prop_map(|(chat, branch, depth)| Step::ForkChat(chat, branch, depth)),
        1 => (index(), index()).prop_map(|(chat, branch)| Step::DeleteBranch(chat, branch)),
        1 => index().prop_map(Step::DeleteChat),
        1 => Just(Step::Sweep),
    ];
    prop::collection::vec(step, 30..80)
}

/// A branch: its parent, and its line.
#[derive(Debug, Clone)]
struct Copy {
    parent: Option<BranchId>,
    line: Vec<Message>,
}

struct Copies {
    chat: Chat,
    branches: BTreeMap<BranchId, Copy>,
}

impl Copies {
    fn of(chat: Chat, line: Vec<Message>) -> Self {
        let branches = BTreeMap::from([(chat.trunk(), Copy { parent: None, line })]);
        Self { chat, branches }
    }

    fn pick(&self, index: Index) -> BranchId {
        let ids: Vec<_> = self.branches.keys().copied().collect();
        *index.get(&ids)
    }

    /// The owner of a message in this chat: what is inherited is the trunk's.
    fn owner(&self, message: Option<&Message>) -> BranchId {
        let own = message.filter(|message| message.chat == self.chat.id);
        own.map_or(self.chat.trunk(), |message| message.branch)
    }

    fn delete(&mut self, branch: BranchId) {
        let mut gone = vec![branch];
        while let Some(branch) = gone.pop() {
            self.branches.remove(&branch);
            let children = self.branches.iter().filter(|(_, copy)| copy.parent == Some(branch));
            gone.extend(children.map(|(id, _)| *id));
        }
    }

    /// The messages by their parents, each list by time and id.
    fn siblings(&self) -> BTreeMap<Option<ResponseId>, BTreeSet<(shared::clock::Timestamp, ResponseId)>> {
        let mut siblings = BTreeMap::<_, BTreeSet<_>>::new();
        for message in self.branches.values().flat_map(|copy| &copy.line) {
            siblings.entry(message.parent).or_default().insert((message.created_at, message.id));
        }
        siblings
    }
}

/// All chats of a user.
struct Forest {
    chats: Vec<Copies>,
    said: usize,
}

async fn take(kit: &Kit, forest: &mut Forest, step: &Step) {
    if let Step::Sweep = step {
        return kit.sweep().await;
    }
    let (Step::Append(chat, _)
    | Step::Fork(chat, ..)
    | Step::Edit(chat, ..)
    | Step::ForkChat(chat, ..)
    | Step::DeleteBranch(chat, _)
    | Step::DeleteChat(chat)) = step
    else {
        return;
    };
    let number = chat.index(forest.chats.len());
    let count = forest.chats.len();
    forest.said += 1;
    let text = forest.said.to_string();
    let copies = &mut forest.chats[number];
    match step {
        Step::Append(_, branch) => append(copies, *branch, &text).await,
        Step::Fork(_, branch, depth) => fork(copies, *branch, *depth).await,
        Step::Edit(_, branch, depth) => edit(copies, *branch, *depth).await,
        Step::ForkChat(_, branch, depth) if count < MAX_CHATS => {
            let line = &copies.branches[&copies.pick(*branch)].line;
            if !line.is_empty() {
                let line = line[..=depth.index(line.len())].to_vec();
                let chat = copies.chat.fork_chat(line[line.len() - 1].id).await;
                forest.chats.push(Copies::of(chat, line));
            }
        }
        Step::DeleteBranch(_, branch) => {
            let branch = copies.pick(*branch);
            if branch != copies.chat.trunk() {
                copies.chat.store.delete_branch(copies.chat.owner, branch, true).await.unwrap();
                copies.delete(branch);
            }
        }
        Step::DeleteChat(_) if count > 1 => {
            let Chat { store, owner, id } = forest.chats.remove(number).chat;
            store.delete_chat(owner, id).await.unwrap();
        }
        Step::ForkChat(..) | Step::DeleteChat(_) | Step::Sweep => {}
    }
}

async fn append(copies: &mut Copies, branch: Index, text: &str) {
    let branch = copies.pick(branch);
    let message = copies.chat.say(branch, text).await;
    copies.branches.get_mut(&branch).unwrap().line.push(message);
}

async fn fork(copies: &mut Copies, branch: Index, depth: Index) {
    let branch = copies.pick(branch);
    let line = &copies.branches[&branch].line;
    let line = line[..depth.index(line.len() + 1)].to_vec();
    let parent = Some(copies.owner(line.last()));
    let request = ForkRequest { target: branch, ..copies.chat.branch(line.last().map(|last| last.id)) };
    let made = copies.chat.store.fork(&request).await.unwrap().object.branch;
    assert_eq!((made.parent, made.chat), (parent, copies.chat.id));
    copies.branches.insert(made.id, Copy { parent, line });
}

async fn edit(copies: &mut Copies, branch: Index, depth: Index) {
    let line = copies.branches[&copies.pick(branch)].line.clone();
    if line.is_empty() {
        return;
    }
    let (message, before) = line[..=depth.index(line.len())].split_last().unwrap();
    let reading_chat = Some(copies.chat.trunk());
    let request = EditRequest { reading_chat, ..copies.chat.regenerate(message.id) };
    let edited = copies.chat.store.edit_message(request).await.unwrap().object;
    let parent = Some(copies.owner(before.last()));
    let line = before.iter().cloned().chain([edited.clone()]).collect();
    copies.branches.insert(edited.branch, Copy { parent, line });
}

/// The values that a copy of a message and the message itself have in common.
fn lasting(message: &Message) -> (ResponseId, &str, BranchId, i64, Option<ResponseId>) {
    (message.id, &message.question, message.branch, message.depth, message.parent)
}

async fn check(copies: &Copies) {
    let chat = &copies.chat;
    let siblings = copies.siblings();
    for branch in chat.tree(chat.trunk()).await {
        let copy = &copies.branches[&branch.id];
        assert_eq!((branch.parent, branch.head), (copy.parent, copy.line.last().map(|last| last.id)));
        let read = chat.read(branch.id, Order::Desc, 5).await.unwrap();
        assert_eq!(
            read.iter().rev().map(lasting).collect::<Vec<_>>(),
            copy.line.iter().map(lasting).collect::<Vec<_>>()
        );
        for message in &read {
            let siblings = &siblings[&message.parent];
            let number = siblings.iter().position(|(_, id)| *id == message.id).unwrap() + 1;
            let version = (message.version.number, message.version.count);
            assert_eq!(version, (i64::try_from(number).unwrap(), i64::try_from(siblings.len()).unwrap()));
            assert_eq!(message.inherited, message.branch != branch.id);
        }
    }
    let all: BTreeSet<_> = siblings.values().flatten().map(|(_, id)| *id).collect();
    let tree: Vec<_> = walk(chat, request(chat)).await.0.iter().map(|entry| entry.id).collect();
    assert_eq!((tree.len(), tree.into_iter().collect::<BTreeSet<_>>()), (all.len(), all));
}

/// Whether messages are read in a chat, and only those of its own lines.
async fn check_reading(copies: &Copies, all: &BTreeSet<ResponseId>) {
    let own: BTreeSet<_> = copies.siblings().into_values().flatten().map(|(_, id)| id).collect();
    for id in all {
        assert_eq!(copies.chat.read_here(*id).await.is_some(), own.contains(id));
    }
}

pub async fn chats_that_are_forked_from_each_other_agree_with_their_copies(kit: &Kit) {
    let replica = kit.replica().await;
    let mut runner = TestRunner::default();
    for _ in 0..5 {
        let chat = kit.chat().await;
        let mut forest = Forest { chats: vec![Copies::of(chat.clone(), Vec::new())], said: 0 };
        let mut stores = [chat.store.clone(), replica.clone()];
        let steps = steps().new_tree(&mut runner).unwrap().current();
        for (number, step) in steps.iter().enumerate() {
            stores.reverse();
            for copies in &mut forest.chats {
                copies.chat = copies.chat.through(&stores[0]);
            }
            take(kit, &mut forest, step).await;
            if number % 15 == 14 {
                for copies in &forest.chats {
                    check(copies).await;
                }
            }
        }
        let lines = forest.chats.iter().flat_map(|copies| copies.branches.values());
        let all: BTreeSet<_> = lines.flat_map(|copy| &copy.line).map(|message| message.id).collect();
        for copies in &forest.chats {
            check(copies).await;
            check_reading(copies, &all).await;
        }
        // Exactly what living lines pass through is kept.
        kit.sweep().await;
        assert_eq!(kit.count_messages().await, i64::try_from(all.len()).unwrap());
        for id in &all {
            let request = MessageRequest::in_own_chat(chat.owner, *id);
            chat.store.read_message(request).await.unwrap();
        }
        for copies in forest.chats {
            copies.chat.store.delete_chat(copies.chat.owner, copies.chat.id).await.unwrap();
        }
        kit.sweep().await;
        assert_eq!(kit.count_messages().await, 0);
    }
}
