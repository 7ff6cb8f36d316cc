//! Random work on chats that are forked from each other, through two stores, against a model that copies whole lines.

use crate::chat_states;
use crate::forest_checks::{check, check_reading};
use crate::forest_model::{Copies, Copy, Forest};
use crate::kit::{Kit, refused};
use crate::undo::DAY;
use branch::domain::{ExpectedHead, ForkPoint, Message, OnHeadMoved};
use branch::store::{ChatState, CherryPickRequest, EditRequest, ForkRequest};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use shared::ids::BranchId;
use shared::undo_window::UndoWindow;

/// The most chats at a time, lest a check take long.
const MAX_CHATS: usize = 8;

/// A step in one of the chats.
#[derive(Debug, Clone)]
enum ChatStep {
    Append(Index),
    /// At any message of any line, or before the first.
    Fork(Index, Index),
    /// Of any message of any line.
    Edit(Index, Index),
    /// An append that expects any message of the line, or none, and forks where that is not the head.
    AppendAt(Index, Index),
    /// Copies of a part of any line of any chat, at any message of a line, or before the first.
    CherryPick {
        source: (Index, Index, Index),
        onto: (Index, Index),
    },
    /// Of any part of any line.
    ForkChat(Index, Index),
    Delete(Index),
    /// Of a branch that is there, or can be restored.
    Restore(Index),
    /// Of a branch that is there, or can be restored.
    Destroy(Index),
}

#[derive(Debug, Clone)]
enum Step {
    InChat(Index, ChatStep),
    DeleteChat(Index),
    RestoreChat(Index),
    /// Of one that is there, or was deleted.
    DestroyChat(Index),
    Sweep,
    /// The time in which what is deleted can be restored is over.
    EndOfWindow,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let index = any::<Index>;
    let place = || (index(), index());
    let in_chat = prop_oneof![
        6 => index().prop_map(ChatStep::Append),
        3 => place().prop_map(|(branch, depth)| ChatStep::Fork(branch, depth)),
        3 => place().prop_map(|(branch, depth)| ChatStep::Edit(branch, depth)),
        2 => place().prop_map(|(branch, depth)| ChatStep::AppendAt(branch, depth)),
        2 => ((index(), index(), index()), place())
            .prop_map(|(source, onto)| ChatStep::CherryPick { source, onto }),
        4 => place().prop_map(|(branch, depth)| ChatStep::ForkChat(branch, depth)),
        2 => index().prop_map(ChatStep::Delete),
        2 => index().prop_map(ChatStep::Restore),
        1 => index().prop_map(ChatStep::Destroy),
    ];
    let step = prop_oneof![
        25 => (index(), in_chat).prop_map(|(chat, step)| Step::InChat(chat, step)),
        2 => index().prop_map(Step::DeleteChat),
        2 => index().prop_map(Step::RestoreChat),
        1 => index().prop_map(Step::DestroyChat),
        2 => Just(Step::Sweep),
        1 => Just(Step::EndOfWindow),
    ];
    prop::collection::vec(step, 30..80)
}

async fn take(kit: &Kit, forest: &mut Forest, step: &Step) {
    match step {
        Step::InChat(chat, step) => take_in_chat(forest, chat.index(forest.chats.len()), step).await,
        Step::DeleteChat(chat) if forest.chats.len() > 1 => {
            let mut copies = forest.chats.remove(chat.index(forest.chats.len()));
            let purge_at = kit.clock.now().plus(DAY);
            set_state(kit, &mut copies, ChatState::Deleted { purge_at }).await;
            forest.deleted.push(copies);
        }
        Step::RestoreChat(chat) if !forest.deleted.is_empty() => {
            let mut copies = forest.deleted.remove(chat.index(forest.deleted.len()));
            set_state(kit, &mut copies, ChatState::Alive).await;
            forest.chats.push(copies);
        }
        Step::DestroyChat(chat) if forest.chats.len() > 1 => {
            let number = chat.index(forest.chats.len() + forest.deleted.len());
            let mut copies = match number.checked_sub(forest.chats.len()) {
                Some(number) => forest.deleted.remove(number),
                None => forest.chats.remove(number),
            };
            set_state(kit, &mut copies, ChatState::Destroyed).await;
        }
        Step::Sweep => sweep_and_count(kit, forest).await,
        Step::EndOfWindow => {
            kit.clock.advance(2 * DAY);
            for copies in &mut forest.deleted {
                set_state(kit, copies, ChatState::Destroyed).await;
            }
            forest.forget_deleted();
            sweep_and_count(kit, forest).await;
        }
        Step::DeleteChat(_) | Step::RestoreChat(_) | Step::DestroyChat(_) => {}
    }
}

async fn set_state(kit: &Kit, copies: &mut Copies, state: ChatState) {
    copies.state_number += 1;
    chat_states::set(kit, &copies.chat, state, copies.state_number).await;
}

/// Sweeps, and checks that exactly the messages of lines are kept that are there, or that can be restored.
async fn sweep_and_count(kit: &Kit, forest: &Forest) {
    forest.chats[0].chat.sweep().await;
    assert_eq!(usize::try_from(kit.count_messages().await).unwrap(), forest.messages().len());
}

async fn take_in_chat(forest: &mut Forest, number: usize, step: &ChatStep) {
    forest.said += 1;
    let (count, text) = (forest.chats.len(), forest.said.to_string());
    let copies = &mut forest.chats[number];
    match step {
        ChatStep::Append(branch) => {
            let branch = copies.pick(*branch);
            let message = copies.chat.say(branch, &text).await;
            copies.branches.get_mut(&branch).unwrap().line.push(message);
        }
        ChatStep::Fork(branch, depth) => fork(copies, copies.pick(*branch), *depth).await,
        ChatStep::Edit(branch, depth) => edit(copies, copies.pick(*branch), *depth).await,
        ChatStep::AppendAt(branch, depth) => append_at(copies, copies.pick(*branch), *depth, &text).await,
        ChatStep::CherryPick { source: (chat, branch, depth), onto: (onto, at) } => {
            let source = chat.get(&forest.chats);
            let line = &source.branches[&source.pick(*branch)].line;
            let sources = line[depth.index(line.len() + 1)..].to_vec();
            if !sources.is_empty() {
                cherry_pick(forest, number, &sources, (*onto, *at)).await;
            }
        }
        ChatStep::ForkChat(branch, depth) => {
            let line = copies.part(copies.pick(*branch), *depth);
            if let Some(last) = line.last().filter(|_| count < MAX_CHATS) {
                let chat = copies.chat.fork_chat(last.id).await;
                forest.chats.push(Copies::of(chat, line));
            }
        }
        ChatStep::Delete(branch) => {
            let branch = copies.pick(*branch);
            if branch != copies.chat.trunk() {
                copies.chat.store.delete_branch(copies.chat.owner, branch, true).await.unwrap();
                let deleted = copies.delete(branch);
                copies.deleted.push(deleted);
            }
        }
        ChatStep::Restore(branch) => restore(copies, copies.pick_of_all(*branch)).await,
        ChatStep::Destroy(branch) => {
            let branch = copies.pick_of_all(*branch);
            if branch != copies.chat.trunk() {
                copies.chat.store.destroy_branch(copies.chat.owner, branch, true).await.unwrap();
                copies.destroy(branch);
            }
        }
    }
}

async fn fork(copies: &mut Copies, branch: BranchId, depth: Index) {
    let line = copies.part(branch, depth);
    let parent = Some(copies.owner(line.last()));
    let request = ForkRequest { target: branch, ..copies.chat.branch(line.last().map(|last| last.id)) };
    let made = copies.chat.store.fork(&request).await.unwrap().object.branch;
    assert_eq!((made.parent, made.chat), (parent, copies.chat.id));
    copies.branches.insert(made.id, Copy { parent, line });
}

async fn edit(copies: &mut Copies, branch: BranchId, depth: Index) {
    let line = copies.part(branch, depth);
    let Some((message, before)) = line.split_last() else { return };
    let reading_chat = Some(copies.chat.trunk());
    let request = EditRequest { reading_chat, ..copies.chat.regenerate(message.id) };
    let edited = copies.chat.store.edit_message(request).await.unwrap().object;
    copies.add_branch_with(before, &[edited]);
}

async fn append_at(copies: &mut Copies, branch: BranchId, depth: Index, text: &str) {
    let before = copies.part(branch, depth);
    let mut request = copies.chat.message(branch, text);
    let head = before.last().map(|message| message.id);
    (request.expected_head, request.on_head_moved) = (ExpectedHead::Exactly(head), OnHeadMoved::Fork);
    let message = copies.chat.store.append(request).await.unwrap().object;
    let line = &mut copies.branches.get_mut(&branch).unwrap().line;
    if before.len() == line.len() {
        assert_eq!(message.branch, branch);
        line.push(message);
    } else {
        copies.add_branch_with(&before, &[message]);
    }
}

async fn cherry_pick(forest: &mut Forest, number: usize, sources: &[Message], (onto, at): (Index, Index)) {
    let are_found = sources.iter().all(|message| forest.is_found(message));
    let copies = &mut forest.chats[number];
    let onto = copies.pick(onto);
    let before = copies.part(onto, at);
    let ids: Vec<_> = sources.iter().map(|message| message.id).collect();
    let from = ForkPoint::At(before.last().map(|message| message.id));
    let request = CherryPickRequest { from, ..copies.chat.pick(&ids, onto) };
    let answer = copies.chat.store.cherry_pick(&request).await;
    if are_found {
        let messages = answer.unwrap().object.messages;
        assert_eq!(messages.iter().map(|copy| copy.copied_from.unwrap()).collect::<Vec<_>>(), ids);
        copies.add_branch_with(&before, &messages);
    } else {
        refused!(answer, MessageNotFound);
    }
}

async fn restore(copies: &mut Copies, branch: BranchId) {
    let answer = copies.chat.store.restore_branch(copies.chat.owner, branch).await;
    let Some(number) = copies.deleted.iter().position(|deleted| deleted.branches.contains_key(&branch))
    else {
        assert_eq!(answer.unwrap().branch.id, branch);
        return;
    };
    let deleted = &copies.deleted[number];
    let parent = deleted.branches[&branch].parent.unwrap();
    if deleted.named != branch || !copies.branches.contains_key(&parent) {
        refused!(answer, ParentDeleted);
        return;
    }
    assert_eq!(answer.unwrap().branch.id, branch);
    copies.branches.extend(copies.deleted.remove(number).branches);
}

pub async fn chats_that_are_forked_from_each_other_agree_with_their_copies(kit: &Kit) {
    let undo_window = UndoWindow::new(DAY);
    let mut stores = [kit.store_with(undo_window).await, kit.store_with(undo_window).await];
    let mut runner = TestRunner::default();
    for _ in 0..5 {
        let first = Copies::of(kit.chat().await, Vec::new());
        let mut forest = Forest { chats: vec![first], deleted: Vec::new(), said: 0 };
        let steps = steps().new_tree(&mut runner).unwrap().current();
        for (number, step) in steps.iter().enumerate() {
            stores.reverse();
            for copies in forest.chats.iter_mut().chain(&mut forest.deleted) {
                copies.chat = copies.chat.through(&stores[0]);
            }
            take(kit, &mut forest, step).await;
            if number % 15 == 14 {
                for copies in &forest.chats {
                    check(copies).await;
                }
            }
        }
        for copies in &forest.chats {
            check(copies).await;
        }
        check_reading(&forest, &forest.messages()).await;
        take(kit, &mut forest, &Step::EndOfWindow).await;
        check_reading(&forest, &forest.messages()).await;
        for mut copies in forest.chats {
            set_state(kit, &mut copies, ChatState::Destroyed).await;
        }
        kit.sweep().await;
        assert_eq!(kit.count_messages().await, 0);
    }
}
