//! The states of a chat, as the chat service wants them.

use crate::kit::{Chat, Kit, ids, refused};
use crate::rows::count_messages;
use crate::undo::{Branches, DAY, delete, undoable_chat};
use branch::store::{
    ChatState, ChatStateChange, DeletedBranchesRequest, ListRequest, Lookup, MessageRequest, NewTrunk,
};
use mongodb::bson::doc;
use shared::ids::{ChatId, UserId};

/// Changes the state of a chat as the chat service does.
pub async fn set(kit: &Kit, chat: &Chat, state: ChatState, number: i64) {
    let (created_at, owner) = (kit.clock.now(), chat.owner);
    let change = ChatStateChange { chat: chat.id, owner, created_at, state, number };
    // As a delivery that comes twice.
    for _ in 0..2 {
        chat.store.set_chat_state(change).await.unwrap();
    }
}

pub fn deleted(kit: &Kit) -> ChatState {
    ChatState::Deleted { purge_at: kit.clock.now().plus(DAY) }
}

async fn is_there(chat: &Chat) -> bool {
    chat.node(chat.trunk()).await.is_some()
}

pub async fn the_change_with_the_highest_number_counts(kit: &Kit) {
    let chat = kit.chat().await;
    chat.say(chat.trunk(), "1").await;
    set(kit, &chat, deleted(kit), 3).await;
    for late in [1, 3] {
        set(kit, &chat, ChatState::Alive, late).await;
        assert!(!is_there(&chat).await);
    }
    set(kit, &chat, ChatState::Alive, 4).await;
    for late in [2, 4] {
        set(kit, &chat, deleted(kit), late).await;
        assert!(is_there(&chat).await);
    }
    // Also where the change between them is lost.
    set(kit, &chat, deleted(kit), 6).await;
    set(kit, &chat, deleted(kit), 8).await;
    set(kit, &chat, ChatState::Alive, 7).await;
    assert!(!is_there(&chat).await);
    set(kit, &chat, ChatState::Alive, 9).await;
    set(kit, &chat, ChatState::Alive, 11).await;
    set(kit, &chat, deleted(kit), 10).await;
    assert_eq!(chat.line(chat.trunk()).await, ["1"]);
    set(kit, &chat, ChatState::Destroyed, 10).await;
    assert!(is_there(&chat).await);
    set(kit, &chat, ChatState::Destroyed, 12).await;
    set(kit, &chat, ChatState::Alive, 13).await;
    assert!(!is_there(&chat).await);
    kit.sweep().await;
    set(kit, &chat, ChatState::Alive, 14).await;
    assert!(!is_there(&chat).await);
    assert_eq!(count_messages(kit, "TRUE", doc! {}).await, 0);
}

pub async fn a_restored_chat_is_as_it_was(kit: &Kit) {
    let chat = undoable_chat(kit).await;
    let Branches { a, b, c, d } = Branches::grow(&chat).await;
    chat.store.activate(chat.owner, chat.trunk(), d.branch).await.unwrap();
    delete(&chat, c.branch).await;
    let tree = chat.tree(chat.trunk()).await;
    set(kit, &chat, deleted(kit), 1).await;
    for swept in [false, true] {
        for branch in [chat.trunk(), a.branch, b.branch, c.branch, d.branch] {
            assert_eq!(chat.node(branch).await, None, "{swept}");
            refused!(chat.store.restore_branch(chat.owner, branch).await, BranchNotFound);
            refused!(chat.store.destroy_branch(chat.owner, branch, true).await, BranchNotFound);
            assert!(chat.store.append(chat.message(branch, "x")).await.is_err());
            let request = DeletedBranchesRequest { owner: chat.owner, target: branch, after: None, limit: 5 };
            refused!(chat.store.list_deleted_branches(&request).await, ChatNotFound);
        }
        assert!(chat.store.fork(&chat.branch(Some(a.id))).await.is_err());
        assert_eq!(
            chat.store.read_message(MessageRequest::in_own_chat(chat.owner, d.id)).await.unwrap(),
            None
        );
        let listed = chat.store.list_messages(&ListRequest::newest(chat.owner, None, 50)).await.unwrap();
        assert!(listed.items.is_empty());
        kit.sweep().await;
    }
    set(kit, &chat, ChatState::Alive, 2).await;
    assert_eq!((chat.tree(chat.trunk()).await, chat.active().await), (tree, d.branch));
    let line = chat.line(d.branch).await;
    assert_eq!(line.iter().filter(|question| *question != "x").collect::<Vec<_>>(), ["0", "a", "b", "d"]);
    // A branch that was deleted before comes back by itself.
    chat.store.restore_branch(chat.owner, c.branch).await.unwrap();
    chat.say(c.branch, "more").await;
}

pub async fn the_chat_service_says_when_a_deleted_chat_is_destroyed(kit: &Kit) {
    let chat = undoable_chat(kit).await;
    Branches::grow(&chat).await;
    set(kit, &chat, deleted(kit), 1).await;
    kit.clock.advance(3 * DAY);
    kit.sweep().await;
    set(kit, &chat, ChatState::Alive, 2).await;
    assert_eq!(chat.tree(chat.trunk()).await.len(), 5);
    set(kit, &chat, deleted(kit), 3).await;
    set(kit, &chat, ChatState::Destroyed, 4).await;
    kit.sweep().await;
    assert_eq!(count_messages(kit, "TRUE", doc! {}).await, 0);
}

pub async fn a_destroyed_chat_takes_along_what_could_be_restored(kit: &Kit) {
    let (chat, older) = (undoable_chat(kit).await, undoable_chat(kit).await);
    for chat in [&chat, &older] {
        let Branches { a, b, .. } = Branches::grow(chat).await;
        delete(chat, b.branch).await;
        delete(chat, a.branch).await;
    }
    set(kit, &chat, ChatState::Destroyed, 1).await;
    // As an older version of the chat service says it.
    older.store.delete_chat(older.owner, older.id).await.unwrap();
    kit.sweep().await;
    assert_eq!(count_messages(kit, "TRUE", doc! {}).await, 0);
    kit.clock.advance(2 * DAY);
    kit.sweep().await;
    assert_eq!(chat.store.look_up(chat.owner, chat.trunk()).await.unwrap(), Lookup::Unknown);
}

pub async fn a_chat_that_is_not_known_gets_its_state(kit: &Kit) {
    let known = kit.chat().await;
    for (state, is_alive) in [(ChatState::Alive, true), (deleted(kit), false), (ChatState::Destroyed, false)]
    {
        let chat = Chat { id: ChatId::generate(), ..known.clone() };
        set(kit, &chat, state, 5).await;
        let trunk = NewTrunk { chat: chat.id, owner: chat.owner, created_at: kit.clock.now() };
        kit.store.create_trunk(trunk).await.unwrap();
        assert_eq!(is_there(&chat).await, is_alive);
        set(kit, &chat, ChatState::Alive, 6).await;
        assert_eq!(is_there(&chat).await, state != ChatState::Destroyed);
    }
    // Another's chat, and a branch, have none.
    let first = known.say(known.trunk(), "1").await;
    let fork = known.fork(first.id).await;
    let stranger = Chat { owner: UserId::generate(), ..known.clone() };
    let branch = Chat { id: ChatId::from(fork.as_uuid()), ..known.clone() };
    for state in [deleted(kit), ChatState::Destroyed] {
        set(kit, &stranger, state, 9).await;
        set(kit, &branch, state, 9).await;
    }
    assert_eq!(ids(&known.tree(known.trunk()).await), [known.trunk(), fork]);
}
