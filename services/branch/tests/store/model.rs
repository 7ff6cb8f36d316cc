//! Random work on a chat, through two stores, against a model that copies whole lines.

use crate::kit::{Chat, Kit, refused};
use crate::times::check_times;
use crate::undo::DAY;
use crate::versions::{check_version, siblings};
use branch::domain::{ExpectedHead, ForkPoint, Message, OnHeadMoved, Order};
use branch::error::Error;
use branch::store::{CherryPickRequest, DeletedBranchesRequest, EditRequest, ForkRequest};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use shared::ids::{BranchId, ResponseId};
use shared::undo_window::UndoWindow;
use std::collections::BTreeMap;
use std::time::Duration;

/// Longer than all steps of the clock together.
const WINDOW: Duration = DAY.saturating_mul(30);

#[derive(Debug, Clone)]
enum Step {
    Append(Index),
    Fork {
        branch: Index,
        depth: Index,
        activate: bool,
    },
    /// Of any message of any line.
    Edit {
        branch: Index,
        depth: Index,
        activate: bool,
    },
    /// An append that expects any message of the line, or none, and forks where that is not the head.
    AppendAt {
        branch: Index,
        depth: Index,
        activate: bool,
    },
    /// Copies of a part of a line, at any message of another, or before the first.
    CherryPick {
        source: (Index, Index),
        branch: Index,
        depth: Index,
        activate: bool,
    },
    Activate(Index),
    Delete {
        branch: Index,
        cascade: bool,
    },
    /// Of anything that was ever deleted, or of what is there.
    Restore(Index),
    /// Deleting for good, of what is there or was deleted.
    Destroy {
        branch: Index,
        cascade: bool,
    },
    Sweep,
    /// The time in which what is deleted can be restored is over.
    EndOfWindow,
    /// The clock is set back or on.
    Clock(i32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let index = any::<Index>;
    let step = prop_oneof![
        6 => index().prop_map(Step::Append),
        5 => (index(), index(), any::<bool>())
            .prop_map(|(branch, depth, activate)| Step::Fork { branch, depth, activate }),
        4 => (index(), index(), any::<bool>())
            .prop_map(|(branch, depth, activate)| Step::Edit { branch, depth, activate }),
        3 => (index(), index(), any::<bool>())
            .prop_map(|(branch, depth, activate)| Step::AppendAt { branch, depth, activate }),
        3 => ((index(), index()), index(), index(), any::<bool>()).prop_map(
            |(source, branch, depth, activate)| Step::CherryPick { source, branch, depth, activate }
        ),
        1 => index().prop_map(Step::Activate),
        2 => (index(), any::<bool>()).prop_map(|(branch, cascade)| Step::Delete { branch, cascade }),
        3 => index().prop_map(Step::Restore),
        1 => (index(), any::<bool>()).prop_map(|(branch, cascade)| Step::Destroy { branch, cascade }),
        1 => Just(Step::Sweep),
        1 => Just(Step::EndOfWindow),
        2 => (-3_600..3_600).prop_map(Step::Clock),
    ];
    prop::collection::vec(step, 20..60)
}

/// The message, question and owner of a place of a line.
type Place = (ResponseId, String, BranchId);

/// A branch: its parent, and the message, question and owner of every place of its line.
#[derive(Debug, Clone)]
struct Copy {
    parent: Option<BranchId>,
    line: Vec<Place>,
}

/// The branches that a request has deleted.
#[derive(Debug, Clone)]
struct Deleted {
    named: BranchId,
    /// How many it took.
    count: usize,
    copies: BTreeMap<BranchId, Copy>,
    /// The branch that was active, if another one is since.
    active_before: Option<BranchId>,
}

struct Model {
    branches: BTreeMap<BranchId, Copy>,
    active: BranchId,
    said: usize,
    /// The deletions that can be restored.
    deleted: Vec<Deleted>,
    /// All that was ever there.
    ever: BTreeMap<BranchId, Option<BranchId>>,
}

impl Model {
    fn pick(&self, index: Index) -> BranchId {
        let ids: Vec<_> = self.branches.keys().copied().collect();
        *index.get(&ids)
    }

    /// A branch that was created with these messages after these places.
    fn add_branch_with(&mut self, chat: &Chat, before: &[Place], own: &[Message], activate: bool) {
        let parent = before.last().map_or(chat.trunk(), |(_, _, owner)| *owner);
        let branch = own[0].branch;
        let own = own.iter().map(|message| (message.id, message.question.clone(), message.branch));
        let line = before.iter().cloned().chain(own).collect();
        let replaced = self.branches.insert(branch, Copy { parent: Some(parent), line });
        assert!(replaced.is_none());
        if activate {
            self.active = branch;
        }
    }

    /// Any branch that was ever there.
    fn pick_of_all(&self, index: Index) -> BranchId {
        let ids: Vec<_> = self.ever.keys().copied().collect();
        *index.get(&ids)
    }

    /// Takes a branch with its descendants away, and what was active on them.
    fn take(&mut self, branch: BranchId) -> Deleted {
        let gone = self.below(branch);
        let active_before = Some(self.active).filter(|active| gone.contains(active));
        if active_before.is_some() {
            self.active = self.branches[&branch].parent.unwrap();
        }
        let copies: BTreeMap<_, _> =
            gone.into_iter().filter_map(|id| self.branches.remove_entry(&id)).collect();
        Deleted { named: branch, count: copies.len(), copies, active_before }
    }

    /// Whether a branch is another one, or below it, deleted or not.
    fn is_at_or_below(&self, mut branch: BranchId, above: BranchId) -> bool {
        loop {
            if branch == above {
                return true;
            }
            match self.ever[&branch] {
                Some(parent) => branch = parent,
                None => return false,
            }
        }
    }

    fn below(&self, branch: BranchId) -> Vec<BranchId> {
        let mut found = vec![branch];
        let mut next = 0;
        while let Some(node) = found.get(next).copied() {
            next += 1;
            let children = self.branches.iter().filter(|(_, copy)| copy.parent == Some(node));
            found.extend(children.map(|(id, _)| *id));
        }
        found
    }
}

async fn take(kit: &Kit, chat: &Chat, model: &mut Model, step: &Step) {
    match step {
        Step::Append(index) => {
            let branch = model.pick(*index);
            model.said += 1;
            let message = chat.say(branch, &model.said.to_string()).await;
            let line = &mut model.branches.get_mut(&branch).unwrap().line;
            line.push((message.id, message.question, branch));
            assert_eq!(usize::try_from(message.depth).unwrap(), line.len());
        }
        Step::Fork { branch, depth, activate } => {
            let branch = model.pick(*branch);
            let line = &model.branches[&branch].line;
            let line = line[..depth.index(line.len() + 1)].to_vec();
            fork(chat, model, branch, line, *activate).await;
        }
        Step::Edit { branch, depth, activate } => {
            let line = model.branches[&model.pick(*branch)].line.clone();
            if !line.is_empty() {
                edit(chat, model, &line[..=depth.index(line.len())], *activate).await;
            }
        }
        Step::AppendAt { branch, depth, activate } => {
            let branch = model.pick(*branch);
            let line = &model.branches[&branch].line;
            let depth = depth.index(line.len() + 1);
            append_at(chat, model, branch, depth, *activate).await;
        }
        Step::CherryPick { source, branch, depth, activate } => {
            let sources = &model.branches[&model.pick(source.0)].line;
            let sources = sources[source.1.index(sources.len() + 1)..].to_vec();
            let branch = model.pick(*branch);
            let line = model.branches[&branch].line.clone();
            let line = &line[..depth.index(line.len() + 1)];
            if !sources.is_empty() {
                cherry_pick(chat, model, (&sources, branch), line, *activate).await;
            }
        }
        Step::Activate(index) => {
            model.active = model.pick(*index);
            chat.store.activate(chat.owner, chat.trunk(), model.active).await.unwrap();
        }
        Step::Delete { branch, cascade } => delete(chat, model, model.pick(*branch), *cascade).await,
        Step::Restore(index) => restore(chat, model, model.pick_of_all(*index)).await,
        Step::Destroy { branch, cascade } => destroy(chat, model, model.pick_of_all(*branch), *cascade).await,
        Step::Sweep => chat.sweep().await,
        Step::EndOfWindow => {
            // The clock may have been set back since.
            kit.clock.advance(2 * WINDOW);
            // Else it could be restored again when the clock is set back.
            chat.sweep().await;
            model.deleted.clear();
        }
        Step::Clock(seconds) => {
            let span = Duration::from_secs(u64::from(seconds.unsigned_abs()));
            if *seconds < 0 { kit.clock.set_back(span) } else { kit.clock.advance(span) }
        }
    }
}

async fn fork(chat: &Chat, model: &mut Model, branch: BranchId, line: Vec<Place>, activate: bool) {
    let (from, parent) = match line.last() {
        Some((response, _, owner)) => (Some(*response), *owner),
        None => (None, chat.trunk()),
    };
    let new = ForkRequest { target: branch, activate, ..chat.branch(from) };
    let fork = chat.store.fork(&new).await.unwrap().object.branch;
    assert_eq!(fork.parent, Some(parent));
    if activate {
        model.active = fork.id;
    }
    model.branches.insert(fork.id, Copy { parent: Some(parent), line });
}

/// Edits the last message of a part of a line.
async fn edit(chat: &Chat, model: &mut Model, line: &[Place], activate: bool) {
    let ((message, question, _), before) = line.split_last().unwrap();
    let request = EditRequest { activate, ..chat.regenerate(*message) };
    let edited = chat.store.edit_message(request).await.unwrap().object;
    assert_eq!(edited.question, *question);
    model.add_branch_with(chat, before, &[edited], activate);
}

async fn cherry_pick(
    chat: &Chat,
    model: &mut Model,
    (sources, branch): (&[Place], BranchId),
    line: &[Place],
    activate: bool,
) {
    let from = ForkPoint::At(line.last().map(|(message, ..)| *message));
    let ids: Vec<_> = sources.iter().map(|(message, ..)| *message).collect();
    let request = CherryPickRequest { from, activate, ..chat.pick(&ids, branch) };
    let made = chat.store.cherry_pick(&request).await.unwrap().object;
    assert_eq!(made.messages.iter().map(|copy| copy.copied_from.unwrap()).collect::<Vec<_>>(), ids);
    model.add_branch_with(chat, line, &made.messages, activate);
}

async fn append_at(chat: &Chat, model: &mut Model, branch: BranchId, depth: usize, activate: bool) {
    let line = model.branches[&branch].line.clone();
    model.said += 1;
    let mut request = chat.message(branch, &model.said.to_string());
    let head = line[..depth].last().map(|(message, ..)| *message);
    (request.expected_head, request.on_head_moved) = (ExpectedHead::Exactly(head), OnHeadMoved::Fork);
    request.activate = activate;
    let message = chat.store.append(request).await.unwrap().object;
    if depth == line.len() {
        assert_eq!(message.branch, branch);
        model.branches.get_mut(&branch).unwrap().line.push((message.id, message.question, branch));
    } else {
        model.add_branch_with(chat, &line[..depth], &[message], activate);
    }
}

async fn delete(chat: &Chat, model: &mut Model, branch: BranchId, cascade: bool) {
    let doomed = model.below(branch);
    let answer = chat.store.delete_branch(chat.owner, branch, cascade).await;
    if branch == chat.trunk() {
        refused!(answer, IsTrunk);
    } else if doomed.len() > 1 && !cascade {
        refused!(answer, HasDescendants);
    } else {
        answer.unwrap();
        let deleted = model.take(branch);
        model.deleted.push(deleted);
    }
}

async fn restore(chat: &Chat, model: &mut Model, branch: BranchId) {
    let answer = chat.store.restore_branch(chat.owner, branch).await;
    if model.branches.contains_key(&branch) {
        assert_eq!(answer.unwrap().branch.id, branch);
        return;
    }
    let Some(of) = model.deleted.iter().position(|deleted| deleted.copies.contains_key(&branch)) else {
        assert!(matches!(answer, Err(Error::BranchNotFound | Error::TargetUnknown)), "{answer:?}");
        return;
    };
    let parent = model.ever[&branch].unwrap();
    if model.deleted[of].named != branch || !model.branches.contains_key(&parent) {
        refused!(answer, ParentDeleted);
        return;
    }
    let deleted = model.deleted.remove(of);
    model.branches.extend(deleted.copies);
    if let Some(active) = deleted.active_before.filter(|_| model.active == parent) {
        model.active = active;
    }
    assert_eq!(answer.unwrap().active, model.active);
}

async fn destroy(chat: &Chat, model: &mut Model, branch: BranchId, cascade: bool) {
    let answer = chat.store.destroy_branch(chat.owner, branch, cascade).await;
    let is_restorable = model.deleted.iter().any(|deleted| deleted.copies.contains_key(&branch));
    let is_there = model.branches.contains_key(&branch);
    if branch == chat.trunk() {
        refused!(answer, IsTrunk);
    } else if !is_there && !is_restorable {
        refused!(answer, BranchNotFound);
    } else if is_there && model.below(branch).len() > 1 && !cascade {
        refused!(answer, HasDescendants);
    } else {
        answer.unwrap();
        if is_there {
            model.take(branch);
        }
        let mut deleted = std::mem::take(&mut model.deleted);
        for deleted in &mut deleted {
            deleted.copies.retain(|id, _| !model.is_at_or_below(*id, branch));
        }
        deleted.retain(|deleted| deleted.copies.contains_key(&deleted.named));
        model.deleted = deleted;
    }
}

/// Compares the list of what can be restored.
async fn check_deleted(chat: &Chat, model: &Model) {
    let request = DeletedBranchesRequest { owner: chat.owner, target: chat.trunk(), after: None, limit: 100 };
    let listed = chat.store.list_deleted_branches(&request).await.unwrap().items;
    let listed: BTreeMap<_, _> = listed
        .iter()
        .map(|deleted| (deleted.at.id, usize::try_from(deleted.branch_count).unwrap()))
        .collect();
    let expected: BTreeMap<_, _> =
        model.deleted.iter().map(|deleted| (deleted.named, deleted.count)).collect();
    assert_eq!(listed, expected);
}

async fn check(chat: &Chat, model: &Model) {
    assert_eq!(chat.active().await, model.active);
    check_times(chat).await;
    check_deleted(chat, model).await;
    let tree = chat.tree(chat.trunk()).await;
    assert_eq!(tree.len(), model.branches.len());
    let siblings = siblings(chat, model.branches.keys().copied()).await;
    for branch in tree {
        let copy = &model.branches[&branch.id];
        assert_eq!((branch.parent, branch.head), (copy.parent, copy.line.last().map(|(id, ..)| *id)));
        assert_eq!(usize::try_from(branch.head_depth).unwrap(), copy.line.len());
        let read = chat.read(branch.id, Order::Asc, 7).await.unwrap();
        for message in &read {
            check_version(message, &siblings);
            assert_eq!(message.inherited, message.branch != branch.id);
        }
        let read: Vec<_> =
            read.into_iter().map(|message| (message.id, message.question, message.branch)).collect();
        assert_eq!(read, copy.line);
        let (other, copy_of_other) = model.branches.iter().next().unwrap();
        let common =
            copy.line.iter().zip(&copy_of_other.line).take_while(|(one, other)| one == other).count();
        let expected = [common, copy.line.len() - common, copy_of_other.line.len() - common];
        let (depth, ahead, other_ahead) = chat.compare(branch.id, *other).await;
        assert_eq!([depth, ahead, other_ahead].map(|depth| usize::try_from(depth).unwrap()), expected);
        let mut below: Vec<_> = chat.tree(branch.id).await.iter().map(|branch| branch.id).collect();
        let mut expected = model.below(branch.id);
        below.sort_unstable();
        expected.sort_unstable();
        assert_eq!(below, expected);
    }
}

pub async fn a_tree_and_its_copies_agree(kit: &Kit) {
    let undo_window = UndoWindow::new(WINDOW);
    let [store, replica] = [kit.store_with(undo_window).await, kit.store_with(undo_window).await];
    let mut runner = TestRunner::default();
    for _ in 0..6 {
        let chat = kit.chat().await.through(&store);
        let stores = [chat.clone(), chat.through(&replica)];
        let trunk = Copy { parent: None, line: Vec::new() };
        let branches = BTreeMap::from([(chat.trunk(), trunk)]);
        let ever = BTreeMap::from([(chat.trunk(), None)]);
        let mut model = Model { branches, active: chat.trunk(), said: 0, deleted: Vec::new(), ever };
        let steps = steps().new_tree(&mut runner).unwrap().current();
        for (number, step) in steps.iter().enumerate() {
            take(kit, &stores[number % 2], &mut model, step).await;
            let Model { branches, ever, .. } = &mut model;
            ever.extend(branches.iter().map(|(id, copy)| (*id, copy.parent)));
            if number % 10 == 9 || number + 1 == steps.len() {
                check(&stores[number / 10 % 2], &model).await;
            }
        }
    }
}
