//! Answers of models, which are stored under ids that were given out before.

use crate::kit::{Chat, Kit, key, metadata, refused};
use crate::races::at_once;
use crate::rows::count_messages;
use branch::domain::{
    AnswerDetails, ExpectedHead, ForkPoint, Message, Metadata, OnHeadMoved, Placement, Question, Response,
    branch_of,
};
use branch::error::Error;
use branch::store::{AnswerRequest, AppendRequest, LinePlace, MessageRequest, PlaceRequest};
use mongodb::bson::doc;
use shared::ids::{BranchId, ResponseId, UserId};
use shared::validation::TextField;
use std::collections::HashSet;

pub fn details() -> AnswerDetails {
    AnswerDetails {
        generation: Some(r#"{"model": "fig-1", "n": 1.50}"#.to_owned()),
        input_items: Some(r#"[{"b":1,"a":1e400}]"#.to_owned()),
        output_items: Some("[ ]".to_owned()),
    }
}

pub fn answer(chat: &Chat, branch: BranchId, parent: Option<&Message>) -> AnswerRequest {
    AnswerRequest {
        owner: chat.owner,
        id: ResponseId::generate(),
        target: chat.trunk(),
        branch,
        parent: parent.map(|parent| parent.id),
        question: <Question as TextField>::parse("q".to_owned()).unwrap(),
        response: <Response as TextField>::parse("a".to_owned()).unwrap(),
        metadata: metadata(r#"{"m": 1}"#),
        details: details(),
        placement: Placement::Append,
        activate: false,
    }
}

pub fn fork(chat: &Chat, branch: BranchId, parent: Option<&Message>) -> AnswerRequest {
    AnswerRequest { placement: Placement::Fork, ..answer(chat, branch, parent) }
}

async fn store(chat: &Chat, request: &AnswerRequest) -> Message {
    chat.store.store_answer(request.clone()).await.unwrap()
}

pub async fn read(chat: &Chat, message: ResponseId) -> Option<Message> {
    chat.store.read_message(MessageRequest::in_own_chat(chat.owner, message)).await.unwrap()
}

pub async fn an_answer_goes_after_its_parent_or_to_a_branch_there(kit: &Kit) {
    let chat = kit.chat().await;
    let trunk = chat.trunk();
    let request = answer(&chat, trunk, None);
    let first = store(&chat, &request).await;
    assert_eq!((first.id, first.branch, first.depth), (request.id, trunk, 1));
    assert_eq!((&*first.question, &*first.response, &*first.metadata), ("q", "a", r#"{"m": 1}"#));
    assert_eq!(first.details, details());
    let second = store(&chat, &answer(&chat, trunk, Some(&first))).await;
    assert_eq!((second.branch, second.parent, second.depth), (trunk, Some(first.id), 2));
    // The head has moved: at an own message, and before the first.
    for (parent, line) in [(Some(&first), vec!["q", "q"]), (None, vec!["q"])] {
        let request = AnswerRequest { activate: true, ..answer(&chat, trunk, parent) };
        let forked = store(&chat, &request).await;
        assert_eq!((forked.branch, forked.parent), (branch_of(request.id), request.parent));
        assert_eq!(chat.line(forked.branch).await, line);
        assert_eq!(chat.active().await, forked.branch);
    }
    // It has not, and a branch is wanted.
    let sibling = store(&chat, &fork(&chat, trunk, Some(&second))).await;
    assert_eq!((sibling.branch, sibling.parent), (branch_of(sibling.id), Some(second.id)));
    // An inherited message, named by a branch, whose id stands for the chat, too.
    let request = AnswerRequest { target: sibling.branch, ..fork(&chat, sibling.branch, Some(&first)) };
    let inherited = store(&chat, &request).await;
    assert_eq!(chat.line(inherited.branch).await, ["q", "q"]);
    assert_eq!(chat.line(trunk).await, ["q", "q"]);
    for stored in [first.id, second.id, sibling.id, inherited.id] {
        assert_eq!(read(&chat, stored).await.unwrap().details, details());
    }
    let page = chat.store.read_page(&chat.page(sibling.branch)).await.unwrap().messages;
    assert!(page.items.iter().all(|message| message.details == details()));
    // What is said next follows.
    assert_eq!(chat.say(sibling.branch, "next").await.depth, 4);
}

pub async fn an_answer_is_stored_once(kit: &Kit) {
    let chat = kit.chat().await;
    let trunk = chat.trunk();
    let first = chat.say(trunk, "1").await;
    let requests = [
        answer(&chat, trunk, Some(&first)),
        AnswerRequest { activate: true, ..answer(&chat, trunk, Some(&first)) },
        AnswerRequest { activate: true, ..fork(&chat, trunk, Some(&first)) },
        fork(&chat, trunk, None),
    ];
    let mut made = Vec::new();
    for request in &requests {
        made.push(store(&chat, request).await);
    }
    assert_eq!(made[0].branch, trunk);
    chat.store.activate(chat.owner, trunk, trunk).await.unwrap();
    // The lines go on.
    for message in &made {
        chat.say(message.branch, "next").await;
    }
    let (branches, messages) = (chat.tree(trunk).await.len(), kit.count_messages().await);
    for stores in [&kit.store, &kit.replica().await] {
        for (request, made) in requests.iter().zip(&made) {
            // What is stored is not changed, whatever comes the second time.
            let request = AnswerRequest {
                response: <Response as TextField>::parse("another".to_owned()).unwrap(),
                ..request.clone()
            };
            let again = store(&chat.through(stores), &request).await;
            assert_eq!((again.id, again.branch, again.depth), (made.id, made.branch, made.depth));
            assert_eq!((&again.response, &again.details), (&made.response, &made.details));
            // It is not activated once more.
            assert_eq!(chat.active().await, trunk);
        }
    }
    assert_eq!((chat.tree(trunk).await.len(), kit.count_messages().await), (branches, messages));
    assert_eq!((branches, messages), (4, 9));
}

pub async fn one_of_many_equal_answers_is_stored(kit: &Kit) {
    let chat = kit.chat().await;
    let trunk = chat.trunk();
    let first = chat.say(trunk, "1").await;
    let head = chat.say(trunk, "2").await;
    let requests = [
        (answer(&chat, trunk, Some(&head)), 1),
        (AnswerRequest { activate: true, ..answer(&chat, trunk, Some(&first)) }, 2),
        (AnswerRequest { activate: true, ..fork(&chat, trunk, Some(&first)) }, 3),
        (fork(&chat, trunk, None), 4),
    ];
    for (request, branches) in requests {
        let id = request.id;
        let stored = at_once(kit, &chat, 16, move |_, chat: Chat| {
            let request = request.clone();
            async move { store(&chat, &request).await }
        });
        let stored = stored.await;
        assert!(stored.iter().all(|one| (one.id, one.branch) == (id, stored[0].branch)));
        assert_eq!(read(&chat, id).await.unwrap().depth, stored[0].depth);
        assert_eq!(chat.tree(trunk).await.len(), branches);
        assert_eq!(chat.node(stored[0].branch).await.unwrap().branch.head, Some(id));
        // The line goes on behind it.
        assert_eq!(chat.say(stored[0].branch, "next").await.parent, Some(id));
    }
    assert_eq!(kit.count_messages().await, 10);
}

pub async fn answers_at_one_head_all_find_a_place(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let stored = at_once(kit, &chat, 32, move |_, chat: Chat| {
        let request = answer(&chat, chat.trunk(), Some(&first));
        async move { store(&chat, &request).await }
    });
    let stored = stored.await;
    let branches: HashSet<_> = stored.iter().map(|message| message.branch).collect();
    assert!(branches.len() == 32 && branches.contains(&chat.trunk()));
    assert_eq!((chat.tree(chat.trunk()).await.len(), kit.count_messages().await), (32, 33));
}

/// Neither placement stores anything, however often it is tried, and nothing is left for the sweep.
async fn is_refused(kit: &Kit, chat: &Chat, branch: BranchId, parents: [Option<&Message>; 3]) {
    let before = (kit.count_messages().await, kit.count_branches().await);
    for parent in parents {
        for request in [answer(chat, branch, parent), fork(chat, branch, parent)] {
            for _ in 0..2 {
                match chat.store.store_answer(request.clone()).await {
                    Err(Error::ChatNotFound | Error::BranchNotFound) => {}
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(read(chat, request.id).await, None);
        }
    }
    assert_eq!((kit.count_messages().await, kit.count_branches().await), before);
}

pub async fn nothing_is_stored_for_what_is_deleted(kit: &Kit) {
    let undoable = kit.store_with(shared::undo_window::UndoWindow::new(crate::undo::DAY)).await;
    for store in [&kit.store, &undoable] {
        let chat = kit.chat().await.through(store);
        let trunk = chat.trunk();
        let first = chat.say(trunk, "1").await;
        let branch = chat.fork(first.id).await;
        let second = chat.say(branch, "2").await;
        let parents = [Some(&second), Some(&first), None];
        chat.store.delete_branch(chat.owner, branch, true).await.unwrap();
        is_refused(kit, &chat, branch, parents).await;
        // The deleted branch is not named, and its message is no parent.
        refused!(chat.store.store_answer(fork(&chat, trunk, Some(&second))).await, MessageNotFound);
        refused!(chat.store.store_answer(answer(&chat, trunk, Some(&second))).await, MessageNotFound);
        assert_eq!(chat.tree(trunk).await.len(), 1);
        let state = crate::chat_states::deleted(kit);
        let change = branch::store::ChatStateChange {
            chat: chat.id,
            owner: chat.owner,
            created_at: kit.clock.now(),
            state,
            number: 1,
        };
        chat.store.set_chat_state(change).await.unwrap();
        is_refused(kit, &chat, trunk, [Some(&first), Some(&second), None]).await;
        chat.store.delete_chat(chat.owner, chat.id).await.unwrap();
        is_refused(kit, &chat, trunk, [Some(&first), Some(&second), None]).await;
    }
    // A stored one that is deleted is not stored once more.
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let request = fork(&chat, chat.trunk(), Some(&first));
    let stored = store(&chat, &request).await;
    chat.store.delete_branch(chat.owner, stored.branch, false).await.unwrap();
    refused!(chat.store.store_answer(request.clone()).await, MessageNotFound);
    kit.sweep().await;
    refused!(chat.store.store_answer(request).await, MessageNotFound);
    assert_eq!(chat.tree(chat.trunk()).await.len(), 1);
}

pub async fn messages_are_alive_with_their_branch_and_their_chat(kit: &Kit) {
    let undoable = kit.store_with(shared::undo_window::UndoWindow::new(crate::undo::DAY)).await;
    let [chat, other] = [kit.chat().await, kit.chat().await].map(|chat| chat.through(&undoable));
    let first = chat.say(chat.trunk(), "1").await;
    let branch = chat.fork(first.id).await;
    let second = chat.say(branch, "2").await;
    let theirs = other.say(other.trunk(), "x").await;
    let ids = [second.id, ResponseId::generate(), theirs.id, first.id];
    let living =
        async || -> HashSet<_> { undoable.living_messages(&ids).await.unwrap().into_iter().collect() };
    assert_eq!(living().await, HashSet::from([first.id, second.id, theirs.id]));
    chat.store.delete_branch(chat.owner, branch, true).await.unwrap();
    assert_eq!(living().await, HashSet::from([first.id, theirs.id]));
    chat.store.restore_branch(chat.owner, branch).await.unwrap();
    assert_eq!(living().await, HashSet::from([first.id, second.id, theirs.id]));
    other.store.delete_chat(other.owner, other.id).await.unwrap();
    assert_eq!(living().await, HashSet::from([first.id, second.id]));
    chat.store.destroy_branch(chat.owner, branch, true).await.unwrap();
    kit.sweep().await;
    assert_eq!(living().await, HashSet::from([first.id]));
    assert_eq!(undoable.living_messages(&[]).await.unwrap(), []);
}

pub async fn an_answer_beside_a_deletion_is_whole_or_refused(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    for round in 0..8 {
        let branch = chat.fork(first.id).await;
        let second = chat.say(branch, "2").await;
        let stored = at_once(kit, &chat, 8, move |number, chat: Chat| {
            let second = second.clone();
            async move {
                if number == round {
                    chat.store.delete_branch(chat.owner, branch, true).await.unwrap();
                    return None;
                }
                let request = if number % 2 == 0 {
                    answer(&chat, branch, Some(&second))
                } else {
                    fork(&chat, branch, Some(&second))
                };
                match chat.store.store_answer(request).await {
                    Ok(stored) => Some(stored.id),
                    Err(Error::BranchNotFound | Error::ChatNotFound | Error::MessageNotFound) => None,
                    Err(other) => panic!("{other:?}"),
                }
            }
        });
        // The deletion takes those along that were stored before it.
        for stored in stored.await.into_iter().flatten() {
            assert_eq!(read(&chat, stored).await, None);
        }
        assert_eq!(chat.tree(chat.trunk()).await.len(), 1);
    }
    assert_eq!(chat.line(chat.trunk()).await, ["1"]);
}

pub async fn answers_of_others_are_not_found(kit: &Kit) {
    let (chat, stranger) = (kit.chat().await, kit.chat().await);
    let other = kit.chat_of(chat.owner).await;
    let own = chat.say(chat.trunk(), "1").await;
    let theirs = stranger.say(stranger.trunk(), "x").await;
    let elsewhere = other.say(other.trunk(), "y").await;
    let before = (kit.count_messages().await, kit.count_branches().await);
    for placement in [Placement::Append, Placement::Fork] {
        let refusal = async |request: AnswerRequest| {
            let request = AnswerRequest { placement, ..request };
            chat.store.store_answer(request).await
        };
        let request = || answer(&chat, chat.trunk(), Some(&own));
        refused!(refusal(AnswerRequest { target: stranger.trunk(), ..request() }).await, ChatNotFound);
        refused!(refusal(AnswerRequest { target: BranchId::generate(), ..request() }).await, TargetUnknown);
        for branch in [stranger.trunk(), other.trunk(), BranchId::generate()] {
            refused!(refusal(AnswerRequest { branch, ..request() }).await, BranchNotFound);
        }
        for parent in [&theirs, &elsewhere] {
            refused!(refusal(answer(&chat, chat.trunk(), Some(parent))).await, MessageNotFound);
        }
        // The id is another's: at the head, and where the head has moved.
        for parent in [Some(&own), None] {
            let request = AnswerRequest { id: theirs.id, ..answer(&chat, chat.trunk(), parent) };
            refused!(refusal(request).await, MessageNotFound);
        }
        refused!(refusal(AnswerRequest { owner: UserId::generate(), ..request() }).await, ChatNotFound);
    }
    assert_eq!((kit.count_messages().await, kit.count_branches().await), before);
    assert_eq!(stranger.line(stranger.trunk()).await, ["x"]);
    // The line goes on where the other's id was refused.
    assert_eq!(chat.say(chat.trunk(), "2").await.depth, 2);
    assert_eq!(chat.line(chat.trunk()).await, ["1", "2"]);
}

pub async fn a_place_is_found_on_the_line(kit: &Kit) {
    let chat = kit.chat().await;
    let trunk = chat.trunk();
    let question = |branch: Option<BranchId>, parent: ForkPoint| PlaceRequest {
        owner: chat.owner,
        target: trunk,
        branch,
        parent,
        expected_head: ExpectedHead::Any,
    };
    let place = async |request: PlaceRequest| chat.store.place_on_line(&request).await.unwrap();
    let found = |branch: BranchId, parent: Option<&Message>, is_head: bool| {
        let (parent, depth) = (parent.map(|parent| parent.id), parent.map_or(0, |parent| parent.depth));
        LinePlace { chat: chat.id, branch, parent, depth, is_head }
    };
    for parent in [ForkPoint::Head, ForkPoint::At(None)] {
        assert_eq!(place(question(None, parent)).await, found(trunk, None, true));
    }
    let first = chat.say(trunk, "1").await;
    let second = chat.say(trunk, "2").await;
    let branch = chat.fork(first.id).await;
    let empty = chat.fork(first.id).await;
    let third = chat.say(branch, "3").await;
    assert_eq!(place(question(None, ForkPoint::Head)).await, found(trunk, Some(&second), true));
    let at = |message: &Message| ForkPoint::At(Some(message.id));
    for (named, message, is_head) in
        [(trunk, &first, false), (branch, &first, false), (branch, &third, true), (empty, &first, true)]
    {
        assert_eq!(place(question(Some(named), at(message))).await, found(named, Some(message), is_head));
    }
    assert_eq!(place(question(Some(branch), ForkPoint::At(None))).await, found(branch, None, false));
    let of_branch = PlaceRequest { target: branch, ..question(None, ForkPoint::Head) };
    assert_eq!(place(of_branch).await, found(branch, Some(&third), true));
    chat.store.activate(chat.owner, trunk, branch).await.unwrap();
    assert_eq!(place(question(None, ForkPoint::Head)).await, found(branch, Some(&third), true));

    let refusal = async |request: PlaceRequest| chat.store.place_on_line(&request).await;
    for (named, message) in [(trunk, &third), (branch, &second), (empty, &third)] {
        refused!(refusal(question(Some(named), at(message))).await, MessageNotFound);
    }
    let expecting = |head: Option<&Message>| PlaceRequest {
        expected_head: ExpectedHead::Exactly(head.map(|head| head.id)),
        ..question(Some(branch), ForkPoint::Head)
    };
    assert!(refusal(expecting(Some(&third))).await.unwrap().is_head);
    for head in [Some(&first), None] {
        match refusal(expecting(head)).await {
            Err(Error::HeadMoved { head, .. }) => assert_eq!(head, Some(third.id)),
            other => panic!("{other:?}"),
        }
    }
    let stranger = kit.chat().await;
    let theirs = stranger.say(stranger.trunk(), "x").await;
    refused!(refusal(question(None, at(&theirs))).await, MessageNotFound);
    refused!(refusal(question(Some(stranger.trunk()), ForkPoint::Head)).await, BranchNotFound);
    let foreign = PlaceRequest { target: stranger.trunk(), ..question(None, ForkPoint::Head) };
    refused!(refusal(foreign).await, ChatNotFound);
    let unknown = PlaceRequest { target: BranchId::generate(), ..foreign };
    refused!(refusal(unknown).await, TargetUnknown);
    chat.store.delete_branch(chat.owner, branch, false).await.unwrap();
    refused!(refusal(question(Some(branch), ForkPoint::Head)).await, BranchNotFound);
}

pub async fn copies_have_the_details_and_edits_have_none(kit: &Kit) {
    let chat = kit.chat().await;
    let said = chat.say(chat.trunk(), "1").await;
    assert_eq!(said.details, AnswerDetails::default());
    let stored = store(&chat, &answer(&chat, chat.trunk(), Some(&said))).await;
    let picked = chat.store.cherry_pick(&chat.pick(&[stored.id, said.id], chat.trunk())).await.unwrap();
    let [of_answer, of_said] = &picked.object.messages[..] else { panic!("{picked:?}") };
    assert_eq!((&of_answer.details, of_answer.copied_from), (&details(), Some(stored.id)));
    assert_eq!(of_said.details, AnswerDetails::default());
    assert_eq!(read(&chat, of_answer.id).await.unwrap().details, details());
    let edited = chat.store.edit_message(chat.regenerate(stored.id)).await.unwrap().object;
    assert_eq!(edited.details, AnswerDetails::default());
    // A forked chat reads it by reference.
    let forked = chat.fork_chat(stored.id).await;
    assert_eq!(forked.read_here(stored.id).await.unwrap().details, details());
}

pub async fn items_count_as_texts_do(kit: &Kit) {
    let chat = kit.chat().await;
    let items = format!(r#"["{}"]"#, "x".repeat((1 << 20) - 4));
    let mut parent: Option<Message> = None;
    for _ in 0..5 {
        let request = AnswerRequest {
            details: AnswerDetails {
                input_items: Some(items.clone()),
                output_items: Some(items.clone()),
                ..details()
            },
            question: <Question as TextField>::parse(String::new()).unwrap(),
            response: <Response as TextField>::parse(String::new()).unwrap(),
            ..answer(&chat, chat.trunk(), parent.as_ref())
        };
        parent = Some(store(&chat, &request).await);
    }
    let stored = parent.unwrap();
    let page = chat.store.read_page(&chat.page(chat.trunk())).await.unwrap().messages;
    assert_eq!((page.items.len(), page.next.is_some()), (4, true));
    refused!(chat.store.cherry_pick(&chat.pick(&[stored.id; 5], chat.trunk())).await, TextsTooLarge);
    let picked = chat.store.cherry_pick(&chat.pick(&[stored.id; 4], chat.trunk())).await.unwrap();
    assert_eq!(picked.object.messages[3].details.output_items, Some(items));
}

pub async fn items_are_deleted_with_the_texts(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let branch = chat.fork(first.id).await;
    for number in 0..3 {
        let keyed = AppendRequest {
            key: (number > 0).then(|| key(number)),
            details: details(),
            ..chat.message(branch, "2")
        };
        kit.store.append(keyed).await.unwrap();
    }
    // Nothing at all was answered: such a message does not look as if it were scrubbed.
    let nothing = AnswerRequest {
        question: <Question as TextField>::parse(String::new()).unwrap(),
        response: <Response as TextField>::parse(String::new()).unwrap(),
        metadata: Metadata::default(),
        details: AnswerDetails::default(),
        ..fork(&chat, branch, Some(&first))
    };
    let nothing = store(&chat, &nothing).await;
    kit.store.delete_branch(chat.owner, nothing.branch, true).await.unwrap();
    kit.store.delete_branch(chat.owner, branch, true).await.unwrap();
    kit.sweep().await;
    assert_eq!(kit.count_messages().await, 1);
    assert_eq!(count_messages(kit, "text_bytes = 0", doc! {"text_bytes": 0}).await, 2);
    let left = "generation IS NOT NULL OR input_items IS NOT NULL OR output_items IS NOT NULL";
    let exists = |field: &str| doc! {field: {"$exists": true}};
    let filter = doc! {"$or": [exists("generation"), exists("input_items"), exists("output_items")]};
    assert_eq!(count_messages(kit, left, filter).await, 0);
}

pub async fn an_id_that_was_given_out_is_used_by_one_append(kit: &Kit) {
    let chat = kit.chat().await;
    let request = AppendRequest { id: Some(ResponseId::generate()), ..chat.message(chat.trunk(), "1") };
    let first = kit.store.append(request.clone()).await.unwrap();
    assert!(!first.replayed && Some(first.object.id) == request.id);
    chat.say(chat.trunk(), "2").await;
    for stores in [&kit.store, &kit.replica().await] {
        for request in [
            request.clone(),
            AppendRequest { expected_head: ExpectedHead::Exactly(None), ..request.clone() },
            AppendRequest {
                expected_head: ExpectedHead::Exactly(None),
                on_head_moved: OnHeadMoved::Fork,
                ..request.clone()
            },
        ] {
            match stores.append(request.clone()).await {
                Ok(again) => assert!(again.replayed && again.object.id == first.object.id),
                // Without a key nothing is looked up before the head is compared, but on MongoDB.
                Err(Error::HeadMoved { .. }) => assert_eq!(request.on_head_moved, OnHeadMoved::Reject),
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(chat.line(chat.trunk()).await, ["1", "2"]);
    assert_eq!(chat.tree(chat.trunk()).await.len(), 1);
}
