//! The chats of a user that are forked from each other, as copies of whole lines.

use crate::kit::Chat;
use crate::versions::Siblings;
use branch::domain::Message;
use proptest::sample::Index;
use shared::ids::{BranchId, ResponseId};
use std::collections::BTreeMap;

/// A branch: its parent, and its line.
#[derive(Debug, Clone)]
pub struct Copy {
    pub parent: Option<BranchId>,
    pub line: Vec<Message>,
}

/// The branches that a request has deleted, and that can be restored.
#[derive(Debug)]
pub struct Deleted {
    pub named: BranchId,
    pub branches: BTreeMap<BranchId, Copy>,
}

/// A chat.
pub struct Copies {
    pub chat: Chat,
    pub branches: BTreeMap<BranchId, Copy>,
    pub deleted: Vec<Deleted>,
    /// The number of the last change of its state.
    pub state_number: i64,
}

impl Copies {
    pub fn of(chat: Chat, line: Vec<Message>) -> Self {
        let branches = BTreeMap::from([(chat.trunk(), Copy { parent: None, line })]);
        Self { chat, branches, deleted: Vec::new(), state_number: 0 }
    }

    pub fn pick(&self, index: Index) -> BranchId {
        let ids: Vec<_> = self.branches.keys().copied().collect();
        *index.get(&ids)
    }

    /// A branch that is there, or that can be restored.
    pub fn pick_of_all(&self, index: Index) -> BranchId {
        let deleted = self.deleted.iter().flat_map(|deleted| deleted.branches.keys());
        let ids: Vec<_> = self.branches.keys().chain(deleted).copied().collect();
        *index.get(&ids)
    }

    /// A part of a line, from its first message on. It may be empty.
    pub fn part(&self, branch: BranchId, depth: Index) -> Vec<Message> {
        let line = &self.branches[&branch].line;
        line[..depth.index(line.len() + 1)].to_vec()
    }

    /// The owner of a message in this chat: what is inherited is the trunk's.
    pub fn owner(&self, message: Option<&Message>) -> BranchId {
        let own = message.filter(|message| message.chat == self.chat.id);
        own.map_or(self.chat.trunk(), |message| message.branch)
    }

    /// A branch that was created with these messages after those.
    pub fn add_branch_with(&mut self, before: &[Message], own: &[Message]) {
        let parent = Some(self.owner(before.last()));
        let line = before.iter().chain(own).cloned().collect();
        assert!(self.branches.insert(own[0].branch, Copy { parent, line }).is_none());
    }

    /// A branch and its descendants, of those that are there.
    pub fn below(&self, branch: BranchId) -> Vec<BranchId> {
        let mut found = vec![branch];
        let mut next = 0;
        while let Some(parent) = found.get(next).copied() {
            let children = self.branches.iter().filter(|(_, copy)| copy.parent == Some(parent));
            found.extend(children.map(|(id, _)| *id));
            next += 1;
        }
        found
    }

    /// Takes a branch away with its descendants.
    pub fn delete(&mut self, branch: BranchId) -> Deleted {
        let branches = self.below(branch).into_iter().map(|id| (id, self.branches.remove(&id).unwrap()));
        Deleted { named: branch, branches: branches.collect() }
    }

    /// Forgets a branch, and all below it that was deleted before.
    pub fn destroy(&mut self, branch: BranchId) {
        let restorable = self.deleted.iter().flat_map(|deleted| &deleted.branches);
        let parents: BTreeMap<_, _> =
            self.branches.iter().chain(restorable).map(|(id, copy)| (*id, copy.parent)).collect();
        let is_below = |id: BranchId| {
            std::iter::successors(Some(id), |id| parents.get(id).copied().flatten()).any(|id| id == branch)
        };
        self.branches.retain(|id, _| !is_below(*id));
        for deleted in &mut self.deleted {
            deleted.branches.retain(|id, _| !is_below(*id));
        }
        self.deleted.retain(|deleted| deleted.branches.contains_key(&deleted.named));
    }

    /// The messages by their parents, each list by time and id.
    pub fn siblings(&self) -> Siblings {
        let mut siblings = Siblings::new();
        for message in self.messages() {
            siblings.entry(message.parent).or_default().insert((message.created_at, message.id));
        }
        siblings
    }

    /// The messages of all its lines. Most are there more than once.
    fn messages(&self) -> impl Iterator<Item = &Message> {
        self.branches.values().flat_map(|copy| &copy.line)
    }

    fn restorable_messages(&self) -> impl Iterator<Item = &Message> {
        let branches = self.deleted.iter().flat_map(|deleted| deleted.branches.values());
        branches.flat_map(|copy| &copy.line)
    }
}

/// All chats of a user.
pub struct Forest {
    pub chats: Vec<Copies>,
    /// Those that can be restored.
    pub deleted: Vec<Copies>,
    pub said: usize,
}

impl Forest {
    /// Whether a message is found without a reading chat.
    pub fn is_found(&self, message: &Message) -> bool {
        match self.chats.iter().find(|copies| copies.chat.id == message.chat) {
            Some(own) => own.branches.contains_key(&message.branch),
            None => self.chats.iter().flat_map(Copies::messages).any(|read| read.id == message.id),
        }
    }

    /// The messages of all lines that are there, or that can be restored.
    pub fn messages(&self) -> BTreeMap<ResponseId, Message> {
        let chats = self.chats.iter().chain(&self.deleted);
        let messages = chats.flat_map(|copies| copies.messages().chain(copies.restorable_messages()));
        messages.map(|message| (message.id, message.clone())).collect()
    }

    /// The time is over in which what is deleted can be restored.
    pub fn forget_deleted(&mut self) {
        self.deleted.clear();
        for copies in &mut self.chats {
            copies.deleted.clear();
        }
    }
}
