//! Edits, and appends whose head has moved.

use crate::kit::{Chat, Kit, key, metadata, name, refused};
use branch::domain::{ExpectedHead, Message, OnHeadMoved, Order, Question, Response};
use branch::error::Error;
use branch::store::{AppendRequest, EditRequest, MessageRequest};
use shared::ids::{BranchId, ResponseId};
use shared::validation::TextField;

fn question(text: &str) -> Question {
    <Question as TextField>::parse(text.to_owned()).unwrap()
}

fn response(text: &str) -> Response {
    <Response as TextField>::parse(text.to_owned()).unwrap()
}

async fn edit(chat: &Chat, request: EditRequest) -> Message {
    let created = chat.store.edit_message(request).await.unwrap();
    assert!(!created.replayed);
    created.object
}

pub async fn an_edit_is_a_version_on_a_branch_of_its_own(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let mut second = chat.message(chat.trunk(), "2");
    second.metadata = metadata(r#"{"a": 1}"#);
    let second = chat.store.append(second).await.unwrap().object;
    let third = chat.say(chat.trunk(), "3").await;
    let request = EditRequest {
        question: Some(question("2b")),
        metadata: metadata(r#"{"b": 2}"#),
        activate: true,
        branch_name: Some(name("b")),
        ..chat.regenerate(second.id)
    };
    let edited = edit(&chat, request).await;
    assert_eq!((&*edited.question, &*edited.response, &*edited.metadata), ("2b", "again", r#"{"b": 2}"#));
    assert_eq!((edited.parent, edited.depth, edited.chat), (Some(first.id), 2, chat.id));
    assert!(edited.created_at > first.created_at);
    let node = chat.node(edited.branch).await.unwrap();
    assert_eq!((node.active, node.branch.name.as_deref()), (edited.branch, Some("b")));
    assert_eq!((node.branch.parent, node.branch.forked_from), (Some(chat.trunk()), Some(first.id)));
    assert_eq!((node.branch.head, node.branch.message_count()), (Some(edited.id), 1));
    // The old version stays where it was, with what is below it.
    assert_eq!(chat.line(chat.trunk()).await, ["1", "2", "3"]);
    assert_eq!(chat.line(edited.branch).await, ["1", "2b"]);
    assert_eq!(chat.say(edited.branch, "3b").await.depth, 3);
    // The question that is left out is that of the message; its metadata is not taken.
    let again = edit(&chat, chat.regenerate(second.id)).await;
    assert_eq!((&*again.question, &*again.response, &*again.metadata), ("2", "again", "{}"));
    assert_eq!(chat.active().await, edited.branch);
    // An inherited message, read on another branch, and an edit of an edit.
    let of_edit = edit(&chat, chat.regenerate(edited.id)).await;
    assert_eq!((of_edit.parent, of_edit.question), (Some(first.id), "2b".to_owned()));
    assert_eq!(chat.line(of_edit.branch).await, ["1", "2b"]);
    let below = edit(&chat, chat.regenerate(third.id)).await;
    assert_eq!((below.parent, below.depth), (Some(second.id), 3));
    let first =
        chat.store.read_message(MessageRequest::in_own_chat(chat.owner, first.id)).await.unwrap().unwrap();
    assert_eq!(first.forks.oldest, [edited.branch, again.branch, of_edit.branch]);
}

pub async fn the_first_message_of_a_chat_has_versions(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let edited =
        edit(&chat, EditRequest { question: Some(question("1b")), ..chat.regenerate(first.id) }).await;
    assert_eq!((edited.depth, edited.parent), (1, None));
    let branch = chat.node(edited.branch).await.unwrap().branch;
    assert_eq!((branch.parent, branch.forked_from, branch.fork_depth), (Some(chat.trunk()), None, 0));
    assert_eq!((branch.head, branch.head_depth), (Some(edited.id), 1));
    let again = edit(&chat, chat.regenerate(edited.id)).await;
    assert_eq!(chat.line(again.branch).await, ["1b"]);
    assert_eq!(chat.line(chat.trunk()).await, ["1"]);
}

pub async fn what_cannot_be_edited_is_refused(kit: &Kit) {
    let (chat, stranger) = (kit.chat().await, kit.chat().await);
    let other = kit.chat_of(chat.owner).await;
    let first = chat.say(chat.trunk(), "").await;
    let elsewhere = other.say(other.trunk(), "x").await;
    let fork = chat.fork(first.id).await;
    let second = chat.say(fork, "2").await;
    let read_in =
        |chat_id: BranchId| EditRequest { reading_chat: Some(chat_id), ..chat.regenerate(second.id) };
    for chat_id in [chat.trunk(), fork] {
        edit(&chat, read_in(chat_id)).await;
    }
    refused!(chat.store.edit_message(read_in(other.trunk())).await, MessageNotFound);
    refused!(chat.store.edit_message(read_in(stranger.trunk())).await, ChatNotFound);
    refused!(chat.store.edit_message(read_in(BranchId::generate())).await, TargetUnknown);
    refused!(chat.store.edit_message(stranger.regenerate(second.id)).await, MessageNotFound);
    refused!(chat.store.edit_message(chat.regenerate(ResponseId::generate())).await, MessageNotFound);
    let empty = EditRequest { response: response(""), ..chat.regenerate(first.id) };
    refused!(chat.store.edit_message(empty.clone()).await, EmptyTexts);
    edit(&chat, EditRequest { question: Some(question("q")), ..empty }).await;
    chat.store.delete_branch(chat.owner, fork, true).await.unwrap();
    refused!(chat.store.edit_message(chat.regenerate(second.id)).await, MessageNotFound);
    kit.store.delete_chat(other.owner, other.id).await.unwrap();
    refused!(chat.store.edit_message(other.regenerate(elsewhere.id)).await, MessageNotFound);
}

pub async fn a_key_creates_a_version_once(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let used = key(1);
    let request = EditRequest { key: Some(used.clone()), activate: true, ..chat.regenerate(first.id) };
    let made = edit(&chat, request.clone()).await;
    chat.store.activate(chat.owner, chat.trunk(), chat.trunk()).await.unwrap();
    for store in [&kit.store, &kit.replica().await] {
        let again = store.edit_message(request.clone()).await.unwrap();
        assert!(again.replayed);
        assert_eq!((again.object.id, again.object.branch), (made.id, made.branch));
        assert_eq!(store.replay_message(&used).await.unwrap().map(|message| message.id), Some(made.id));
    }
    // It is not activated once more.
    assert_eq!(chat.active().await, chat.trunk());
    let mut other = key(2);
    other.id = used.id;
    refused!(chat.store.edit_message(EditRequest { key: Some(other), ..request.clone() }).await, KeyReused);
    assert_eq!(chat.tree(chat.trunk()).await.len(), 2);
    chat.store.delete_branch(chat.owner, made.branch, false).await.unwrap();
    refused!(chat.store.edit_message(request.clone()).await, MessageNotFound);
    kit.sweep().await;
    refused!(chat.store.edit_message(request).await, MessageNotFound);
}

pub async fn a_moved_head_is_forked_if_the_append_says_so(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let second = chat.say(chat.trunk(), "2").await;
    let branch = chat.fork(second.id).await;
    let third = chat.say(branch, "3").await;
    let expecting = |line: BranchId, head: Option<ResponseId>, question: &str| AppendRequest {
        expected_head: ExpectedHead::Exactly(head),
        on_head_moved: OnHeadMoved::Fork,
        ..chat.message(line, question)
    };
    // The head has not moved: nothing is forked, and nothing activated.
    let request = AppendRequest { activate: true, ..expecting(branch, Some(third.id), "4") };
    let fourth = chat.store.append(request).await.unwrap().object;
    assert_eq!((fourth.branch, chat.active().await), (branch, chat.trunk()));
    // It has: at an own message, at an inherited one, and before the first.
    let mut forks = Vec::new();
    for (head, line) in
        [(Some(third.id), vec!["1", "2", "3", "x"]), (Some(first.id), vec!["1", "x"]), (None, vec!["x"])]
    {
        let forked = chat.store.append(expecting(branch, head, "x")).await.unwrap().object;
        assert_eq!(forked.parent, head);
        assert_eq!(chat.line(forked.branch).await, line);
        forks.push(forked.branch);
    }
    assert_eq!(chat.line(branch).await, ["1", "2", "3", "4"]);
    let parents = [Some(branch), Some(chat.trunk()), Some(chat.trunk())];
    for (fork, parent) in forks.iter().zip(parents) {
        assert_eq!(chat.node(*fork).await.unwrap().branch.parent, parent);
    }
    let request = AppendRequest { activate: true, ..expecting(branch, Some(third.id), "x") };
    let active = chat.store.append(request).await.unwrap().object;
    assert_eq!(chat.active().await, active.branch);
    // What is not on the line is no place to fork from: of another branch, of another chat, of nobody.
    let elsewhere = kit.chat().await;
    let elsewhere = elsewhere.say(elsewhere.trunk(), "x").await;
    for head in [active.id, elsewhere.id, ResponseId::generate()] {
        match chat.store.append(expecting(branch, Some(head), "x")).await {
            Err(Error::HeadMoved { head, .. }) => assert_eq!(head, Some(fourth.id)),
            other => panic!("{other:?}"),
        }
    }
    // Nor is that of a branch on the line of the trunk.
    refused!(chat.store.append(expecting(chat.trunk(), Some(third.id), "x")).await, HeadMoved);
    let reject = AppendRequest { on_head_moved: OnHeadMoved::Reject, ..expecting(branch, None, "x") };
    refused!(chat.store.append(reject).await, HeadMoved);
    let any = AppendRequest { expected_head: ExpectedHead::Any, ..expecting(branch, None, "5") };
    assert_eq!(chat.store.append(any).await.unwrap().object.branch, branch);
    let keyed = AppendRequest { key: Some(key(1)), ..expecting(branch, Some(third.id), "x") };
    let made = chat.store.append(keyed.clone()).await.unwrap();
    let again = chat.store.append(keyed).await.unwrap();
    assert_eq!((made.replayed, again.replayed, made.object.id), (false, true, again.object.id));
    chat.store.delete_branch(chat.owner, branch, true).await.unwrap();
    refused!(chat.store.append(expecting(branch, Some(first.id), "x")).await, BranchNotFound);
}

pub async fn times_rise_from_the_origin_to_the_version(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let second = chat.say(chat.trunk(), "2").await;
    kit.clock.set_back(std::time::Duration::from_secs(60));
    let edited = edit(&chat, chat.regenerate(second.id)).await;
    assert!(edited.created_at > first.created_at);
    let branch = chat.node(edited.branch).await.unwrap().branch;
    assert!(branch.created_at >= first.created_at && branch.created_at <= edited.created_at);
    let next = chat.say(edited.branch, "3").await;
    assert!(next.created_at > edited.created_at);
    let read = chat.read(edited.branch, Order::Asc, 200).await.unwrap();
    assert_eq!(read.iter().map(|message| message.id).collect::<Vec<_>>(), [first.id, edited.id, next.id]);
}
