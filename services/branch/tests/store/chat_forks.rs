//! Forks of chats: lines that begin with a part of a line of another chat.

use crate::kit::{Chat, Kit, concurrently, refused};
use crate::message_tree::{request, walk};
use branch::domain::{ExpectedHead, ForkPoint, Message, OnHeadMoved, Order};
use branch::store::{
    ChatForkPoint, CherryPickRequest, EditRequest, ForkPointRequest, ForkRequest, ListRequest,
    MessageRequest, MessageTreeRequest, MetadataUpdate, VersionsRequest,
};
use shared::ids::{BranchId, ResponseId, UserId};
use std::time::Duration;

/// A chat with three messages on its trunk, and two on a branch at the second.
struct Source {
    chat: Chat,
    trunk: Vec<Message>,
    branch: BranchId,
    own: Vec<Message>,
}

async fn source(kit: &Kit) -> Source {
    let chat = kit.chat().await;
    let mut trunk = Vec::new();
    for question in ["1", "2", "3"] {
        trunk.push(chat.say(chat.trunk(), question).await);
    }
    let branch = chat.fork(trunk[1].id).await;
    let own = vec![chat.say(branch, "3b").await, chat.say(branch, "4b").await];
    Source { chat, trunk, branch, own }
}

fn ids(messages: &[Message]) -> Vec<ResponseId> {
    messages.iter().map(|message| message.id).collect()
}

fn version(message: &Message) -> (i64, i64) {
    (message.version.number, message.version.count)
}

/// The messages of a chat by time, page by page.
async fn listed(chat: &Chat, order: Order, limit: usize) -> Vec<Message> {
    let mut request =
        ListRequest { target: Some(chat.trunk()), order, ..ListRequest::newest(chat.owner, None, limit) };
    let mut found = Vec::new();
    loop {
        let page = chat.store.list_messages(&request).await.unwrap();
        found.extend(page.items);
        request.after = page.next;
        if page.next.is_none() {
            return found;
        }
    }
}

pub async fn a_forked_chat_begins_with_the_line_and_goes_its_own_way(kit: &Kit) {
    let Source { chat, branch, own, .. } = source(kit).await;
    let fork = chat.fork_chat(own[0].id).await;
    assert_eq!(fork.line(fork.trunk()).await, ["1", "2", "3b"]);
    let trunk = fork.node(fork.trunk()).await.unwrap().branch;
    assert_eq!((trunk.parent, trunk.forked_from, trunk.head), (None, Some(own[0].id), Some(own[0].id)));
    assert_eq!((trunk.fork_depth, trunk.head_depth, trunk.level, trunk.message_count()), (3, 3, 0, 0));
    let said = fork.say(fork.trunk(), "4f").await;
    assert_eq!((said.depth, said.parent, said.chat, said.inherited), (4, Some(own[0].id), fork.id, false));
    chat.say(branch, "5b").await;
    chat.say(chat.trunk(), "4").await;
    assert_eq!(fork.line(fork.trunk()).await, ["1", "2", "3b", "4f"]);
    assert_eq!(chat.line(branch).await, ["1", "2", "3b", "4b", "5b"]);
    for message in fork.read(fork.trunk(), Order::Asc, 2).await.unwrap() {
        let is_own = message.id == said.id;
        assert_eq!(message.inherited, !is_own);
        assert_eq!(message.chat, if is_own { fork.id } else { chat.id });
        assert_eq!((message.forks.count, version(&message)), (0, (1, 1)));
        assert_eq!(fork.read_here(message.id).await.unwrap(), message);
    }
    for limit in [1, 2, 3] {
        let mut newest = fork.read(fork.trunk(), Order::Desc, limit).await.unwrap();
        newest.reverse();
        assert_eq!(newest, fork.read(fork.trunk(), Order::Asc, 200).await.unwrap());
    }
    assert_eq!(fork.compare(fork.trunk(), branch).await, (3, 1, 2));
    assert_eq!(fork.compare(chat.trunk(), fork.trunk()).await, (2, 2, 2));
}

pub async fn a_chat_is_forked_once_and_only_where_its_owner_reads(kit: &Kit) {
    let Source { chat, trunk, .. } = source(kit).await;
    let request = chat.chat_fork(Some(trunk[2].id));
    for _ in 0..2 {
        chat.store.fork_chat(&request).await.unwrap();
    }
    let fork = Chat { id: request.chat, ..chat.clone() };
    assert_eq!(fork.line(fork.trunk()).await, ["1", "2", "3"]);
    let empty = chat.chat_fork(None);
    chat.store.fork_chat(&empty).await.unwrap();
    let empty = Chat { id: empty.chat, ..chat.clone() };
    assert_eq!(empty.line(empty.trunk()).await, [""; 0]);
    assert_eq!(empty.say(empty.trunk(), "1").await.depth, 1);

    let stranger = UserId::generate();
    let other = kit.chat_of(chat.owner).await;
    let of_other = other.say(other.trunk(), "x").await;
    let mut wrong = chat.chat_fork(Some(trunk[0].id));
    wrong.owner = stranger;
    refused!(chat.store.fork_chat(&wrong).await, ChatNotFound);
    for message in [ResponseId::generate(), of_other.id] {
        refused!(chat.store.fork_chat(&chat.chat_fork(Some(message))).await, MessageNotFound);
    }
    // Messages beyond the fork are not read in it.
    let fork = chat.fork_chat(trunk[1].id).await;
    refused!(fork.store.fork_chat(&fork.chat_fork(Some(trunk[2].id))).await, MessageNotFound);
    chat.store.delete_chat(chat.owner, chat.id).await.unwrap();
    refused!(chat.store.fork_chat(&chat.chat_fork(Some(trunk[0].id))).await, ChatNotFound);
    fork.store.delete_chat(fork.owner, fork.id).await.unwrap();
    refused!(fork.store.fork_chat(&chat.chat_fork(Some(trunk[0].id))).await, ChatNotFound);
    let again = branch::store::ChatForkRequest { chat: fork.id, ..request };
    refused!(chat.store.fork_chat(&again).await, ChatNotFound);
}

pub async fn the_point_of_a_fork_is_found(kit: &Kit) {
    let Source { chat, trunk, branch, own } = source(kit).await;
    let find = async |target: BranchId, branch, message| {
        let request = ForkPointRequest { owner: chat.owner, target, branch, message };
        chat.store.find_fork_point(&request).await
    };
    let point = |message: &Message| ChatForkPoint { chat: chat.id, message: Some(message.id) };
    let main = chat.trunk();
    assert_eq!(find(main, None, None).await.unwrap(), point(&trunk[2]));
    assert_eq!(find(branch, None, None).await.unwrap(), point(&own[1]));
    assert_eq!(find(main, Some(branch), None).await.unwrap(), point(&own[1]));
    assert_eq!(find(branch, Some(main), None).await.unwrap(), point(&trunk[2]));
    assert_eq!(find(main, None, Some(own[0].id)).await.unwrap(), point(&own[0]));
    assert_eq!(find(branch, None, Some(trunk[1].id)).await.unwrap(), point(&trunk[1]));
    chat.store.activate(chat.owner, main, branch).await.unwrap();
    assert_eq!(find(main, None, None).await.unwrap(), point(&own[1]));
    refused!(find(branch, None, Some(trunk[2].id)).await, MessageNotFound);
    refused!(find(main, Some(main), Some(own[0].id)).await, MessageNotFound);
    refused!(find(main, Some(BranchId::generate()), None).await, BranchNotFound);
    refused!(find(BranchId::generate(), None, None).await, TargetUnknown);
    let empty = kit.chat_of(chat.owner).await;
    refused!(find(main, Some(empty.trunk()), None).await, BranchNotFound);
    let nothing = ChatForkPoint { chat: empty.id, message: None };
    assert_eq!(find(empty.trunk(), None, None).await.unwrap(), nothing);
    let fork = chat.fork_chat(own[0].id).await;
    let inherited = ChatForkPoint { chat: fork.id, message: Some(trunk[0].id) };
    assert_eq!(find(fork.trunk(), None, Some(trunk[0].id)).await.unwrap(), inherited);
    refused!(find(fork.trunk(), None, Some(own[1].id)).await, MessageNotFound);
}

/// A fork is neither a branch nor a version in its source.
pub async fn a_forked_chat_is_no_branch_of_its_source(kit: &Kit) {
    let Source { chat, trunk, branch, own } = source(kit).await;
    let before = (chat.tree(chat.trunk()).await, chat.read(branch, Order::Asc, 200).await.unwrap());
    let at_head = chat.fork_chat(own[1].id).await;
    let inside = chat.fork_chat(trunk[1].id).await;
    for fork in [&at_head, &inside] {
        fork.say(fork.trunk(), "f").await;
        fork.store.edit_message(fork.regenerate(fork.say(fork.trunk(), "g").await.id)).await.unwrap();
    }
    assert_eq!((chat.tree(chat.trunk()).await, chat.read(branch, Order::Asc, 200).await.unwrap()), before);
    assert_eq!(chat.list(branch, None, 10).await.children, []);
    // As nothing of its own chat forks from it.
    chat.store.delete_branch(chat.owner, branch, false).await.unwrap();
    assert_eq!(at_head.line(at_head.trunk()).await[..4], ["1", "2", "3b", "4b"]);
}

/// Inherited messages count as the trunk's.
pub async fn branches_of_a_forked_chat_stand_on_what_it_inherits(kit: &Kit) {
    let Source { chat, trunk, own, .. } = source(kit).await;
    let fork = chat.fork_chat(own[1].id).await;
    let said = fork.say(fork.trunk(), "5").await;
    let at_inherited = fork.store.fork(&fork.branch(Some(trunk[0].id))).await.unwrap().object.branch;
    assert_eq!((at_inherited.parent, at_inherited.level), (Some(fork.trunk()), 1));
    assert_eq!((at_inherited.chat, at_inherited.fork_depth), (fork.id, 1));
    let other = fork.say(at_inherited.id, "2'").await;
    let below = fork.fork(other.id).await;
    assert_eq!(fork.node(below).await.unwrap().branch.level, 2);
    let at_start = fork.store.fork(&fork.branch(None)).await.unwrap().object.branch;
    assert_eq!((at_start.parent, at_start.level, at_start.head), (Some(fork.trunk()), 1, None));
    fork.say(at_start.id, "1'").await;
    assert_eq!(fork.line(at_inherited.id).await, ["1", "2'"]);
    assert_eq!(fork.line(at_start.id).await, ["1'"]);
    assert_eq!(fork.compare(at_start.id, fork.trunk()).await, (0, 1, 5));
    let children = fork.list(fork.trunk(), None, 10).await.children;
    assert_eq!(children, [at_inherited.id, at_start.id]);
    assert_eq!(fork.tree(fork.trunk()).await.len(), 4);
    assert_eq!(chat.tree(chat.trunk()).await.len(), 2);
    let first = fork.read_here(trunk[0].id).await.unwrap();
    assert_eq!((first.forks.count, first.forks.oldest.clone()), (1, vec![at_inherited.id]));
    assert_eq!(chat.read_here(trunk[0].id).await.unwrap().forks.count, 0);
    // Not on the line of that branch, and not in the fork.
    let on_branch = |from| ForkRequest { target: at_inherited.id, ..fork.branch(Some(from)) };
    refused!(fork.store.fork(&on_branch(trunk[1].id)).await, MessageNotFound);
    refused!(fork.store.fork(&on_branch(said.id)).await, MessageNotFound);
    refused!(fork.store.fork(&fork.branch(Some(trunk[2].id))).await, MessageNotFound);
    fork.store.fork(&on_branch(trunk[0].id)).await.unwrap();
    // A moved head, and copies, at an inherited message.
    let mut append = fork.message(fork.trunk(), "3'");
    (append.expected_head, append.on_head_moved) =
        (ExpectedHead::Exactly(Some(trunk[1].id)), OnHeadMoved::Fork);
    let forked = fork.store.append(append).await.unwrap().object;
    assert_eq!(fork.line(forked.branch).await, ["1", "2", "3'"]);
    let pick = CherryPickRequest {
        from: ForkPoint::At(Some(own[0].id)),
        ..fork.pick(&[trunk[2].id, said.id], fork.trunk())
    };
    let picked = fork.store.cherry_pick(&pick).await.unwrap().object;
    assert_eq!(fork.line(picked.branch.branch.id).await, ["1", "2", "3b", "3", "5"]);
    assert_eq!(picked.branch.branch.parent, Some(fork.trunk()));
    fork.store.delete_branch(fork.owner, at_inherited.id, true).await.unwrap();
    assert_eq!(fork.line(forked.branch).await, ["1", "2", "3'"]);
}

pub async fn versions_are_those_of_the_reading_chat(kit: &Kit) {
    let Source { chat, trunk, branch, own } = source(kit).await;
    kit.clock.advance(Duration::from_secs(1));
    let fork = chat.fork_chat(own[1].id).await;
    let said = fork.say(fork.trunk(), "5").await;
    let edit = async |chat: &Chat, message: &Message| {
        kit.clock.advance(Duration::from_secs(1));
        let reading_chat = Some(chat.trunk());
        let request = EditRequest { reading_chat, ..chat.regenerate(message.id) };
        chat.store.edit_message(request).await.unwrap().object
    };
    let (second, third) = (edit(&fork, &trunk[1]).await, edit(&fork, &own[0]).await);
    assert_eq!((second.chat, version(&second)), (fork.id, (2, 2)));
    assert_eq!((third.chat, version(&third)), (fork.id, (2, 2)));
    let (first, fifth) = (edit(&fork, &trunk[0]).await, edit(&fork, &said).await);
    assert_eq!((version(&first), version(&fifth)), ((2, 2), (2, 2)));
    let line = fork.read(fork.trunk(), Order::Asc, 200).await.unwrap();
    assert_eq!(line.iter().map(version).collect::<Vec<_>>(), [(1, 2), (1, 2), (1, 2), (1, 1), (1, 2)]);
    for message in line.iter().chain([&first, &second, &third, &fifth]) {
        assert_eq!(version(&fork.read_here(message.id).await.unwrap()), version(message));
    }
    // In the source there are two answers to the second message, and none of those of the fork.
    let versions: Vec<_> = chat.read(branch, Order::Asc, 9).await.unwrap().iter().map(version).collect();
    assert_eq!(versions, [(1, 1), (1, 1), (2, 2), (1, 1)]);
    let list = async |chat: &Chat, message: &Message| {
        let request = VersionsRequest {
            owner: chat.owner,
            message: message.id,
            reading_chat: Some(chat.trunk()),
            after: None,
            limit: 10,
        };
        chat.store.list_versions(&request).await.unwrap().items
    };
    let listed = list(&fork, &own[0]).await;
    assert_eq!(
        listed.iter().map(|entry| (entry.id, entry.number)).collect::<Vec<_>>(),
        [(own[0].id, 1), (third.id, 2)]
    );
    assert_eq!(
        (listed[0].branch, listed[0].open.branch, listed[0].open.head),
        (branch, fork.trunk(), Some(said.id))
    );
    assert_eq!((listed[1].branch, listed[1].open.branch), (third.branch, third.branch));
    let in_source: Vec<_> = list(&chat, &own[0]).await.iter().map(|entry| entry.id).collect();
    assert_eq!(in_source, [trunk[2].id, own[0].id]);
    let firsts: Vec<_> = list(&fork, &first).await.iter().map(|entry| entry.id).collect();
    assert_eq!(firsts, [trunk[0].id, first.id]);
}

pub async fn a_message_is_read_in_the_chats_that_have_it(kit: &Kit) {
    let Source { chat, trunk, own, .. } = source(kit).await;
    let fork = chat.fork_chat(own[0].id).await;
    for (message, is_there) in [(&trunk[1], true), (&own[0], true), (&trunk[2], false), (&own[1], false)] {
        assert_eq!(fork.read_here(message.id).await.is_some(), is_there, "{}", message.question);
        let update = MetadataUpdate {
            owner: fork.owner,
            message: message.id,
            reading_chat: Some(fork.trunk()),
            metadata: crate::kit::metadata(r#"{"seen":true}"#),
        };
        assert_eq!(fork.store.update_metadata(&update).await.is_ok(), is_there);
        // Every fork sees it.
        let metadata = chat.read_here(message.id).await.unwrap().metadata;
        assert_eq!(metadata.contains("seen"), is_there);
    }
    let said = fork.say(fork.trunk(), "4f").await;
    assert_eq!(chat.read_here(said.id).await, None);
    let wrong = |reading_chat| MessageRequest { owner: chat.owner, message: said.id, reading_chat };
    refused!(chat.store.read_message(wrong(Some(BranchId::generate()))).await, TargetUnknown);
    let stranger = MessageRequest { owner: UserId::generate(), ..wrong(None) };
    assert_eq!(chat.store.read_message(stranger).await.unwrap(), None);
}

pub async fn trees_and_lists_of_a_forked_chat_begin_with_what_it_inherits(kit: &Kit) {
    let Source { chat, trunk, own, .. } = source(kit).await;
    let fork = chat.fork_chat(own[1].id).await;
    let mut expected = vec![trunk[0].clone(), trunk[1].clone(), own[0].clone(), own[1].clone()];
    kit.clock.advance(Duration::from_secs(1));
    expected.push(fork.say(fork.trunk(), "5").await);
    kit.clock.advance(Duration::from_secs(1));
    let edit = EditRequest { reading_chat: Some(fork.trunk()), ..fork.regenerate(trunk[1].id) };
    expected.push(fork.store.edit_message(edit).await.unwrap().object);
    kit.clock.advance(Duration::from_secs(1));
    expected.push(fork.say(expected[5].branch, "3e").await);
    for limit in [1, 2, 3, 5, 100] {
        let (tree, _) = walk(&fork, MessageTreeRequest { limit, ..request(&fork) }).await;
        let tree: Vec<_> =
            tree.iter().map(|entry| (entry.id, entry.branch, entry.depth, entry.version)).collect();
        let versions = [1, 1, 1, 1, 1, 2, 1];
        let entries = expected.iter().zip(versions);
        let entries: Vec<_> = entries.map(|(of, version)| (of.id, of.branch, of.depth, version)).collect();
        assert_eq!(tree, entries);
        let mut oldest_first = listed(&fork, Order::Asc, limit).await;
        assert_eq!(ids(&oldest_first), ids(&expected));
        for message in &oldest_first {
            assert_eq!(*message, fork.read_here(message.id).await.unwrap());
        }
        oldest_first.reverse();
        assert_eq!(listed(&fork, Order::Desc, limit).await, oldest_first);
    }
    assert_eq!(listed(&chat, Order::Asc, 10).await.len(), 5);
}

pub async fn chains_of_forked_chats_are_read_whole(kit: &Kit) {
    let first = kit.chat().await;
    let mut chats = vec![first];
    let mut heads = Vec::new();
    for number in 0..150 {
        let chat = chats[number].clone();
        let said = chat.say(chat.trunk(), &number.to_string()).await;
        chats.push(chat.fork_chat(said.id).await);
        heads.push(said.id);
    }
    let last = &chats[150];
    let expected: Vec<_> = (0..150).map(|number| number.to_string()).collect();
    assert_eq!(last.line(last.trunk()).await, expected);
    for limit in [7, 64] {
        let mut found = last.read(last.trunk(), Order::Desc, limit).await.unwrap();
        found.reverse();
        assert_eq!(ids(&found), heads);
    }
    assert_eq!(last.compare(chats[20].trunk(), last.trunk()).await, (21, 0, 129));
    let edit = EditRequest { reading_chat: Some(last.trunk()), ..last.regenerate(heads[3]) };
    let edited = last.store.edit_message(edit).await.unwrap().object;
    assert_eq!((edited.depth, version(&edited)), (4, (2, 2)));
    assert_eq!(last.read_here(heads[120]).await.unwrap().depth, 121);
    assert_eq!(ids(&listed(last, Order::Asc, 40).await)[..150], heads);
}

/// A chat keeps the messages that it inherits from one that was deleted.
pub async fn what_a_fork_stands_on_is_kept_as_long_as_it_lives(kit: &Kit) {
    let Source { chat, trunk, branch, own } = source(kit).await;
    let fork = chat.fork_chat(own[0].id).await;
    let last = fork.say(fork.trunk(), "4f").await;
    let of_fork = fork.fork_chat(last.id).await;
    chat.store.delete_chat(chat.owner, chat.id).await.unwrap();
    for _ in 0..2 {
        // The path to the fork, and nothing beside it.
        assert_eq!(of_fork.line(of_fork.trunk()).await, ["1", "2", "3b", "4f"]);
        for (message, is_kept) in [(&trunk[1], true), (&own[0], true), (&trunk[2], false), (&own[1], false)] {
            let request = MessageRequest::in_own_chat(chat.owner, message.id);
            let found = chat.store.read_message(request).await.unwrap();
            let expected = is_kept.then(|| {
                let version = branch::domain::Version::default();
                Message {
                    forks: branch::domain::Forks::default(),
                    version,
                    inherited: false,
                    ..message.clone()
                }
            });
            assert_eq!(found, expected, "{}", message.question);
        }
        kit.sweep().await;
    }
    refused!(chat.store.edit_message(chat.regenerate(trunk[0].id)).await, MessageNotFound);
    let versions = |message: &Message| VersionsRequest {
        owner: chat.owner,
        message: message.id,
        reading_chat: None,
        after: None,
        limit: 10,
    };
    let only = chat.store.list_versions(&versions(&own[0])).await.unwrap().items;
    assert_eq!(only.iter().map(|entry| (entry.id, entry.number)).collect::<Vec<_>>(), [(own[0].id, 1)]);
    refused!(chat.store.list_versions(&versions(&own[1])).await, MessageNotFound);
    assert!(chat.node(branch).await.is_none());
    let edit = EditRequest { reading_chat: Some(fork.trunk()), ..fork.regenerate(trunk[1].id) };
    let edited = fork.store.edit_message(edit).await.unwrap().object;
    assert_eq!(version(&edited), (2, 2));
    assert_eq!(kit.count_messages().await, 5);
    // The fork goes; what was forked from that stands on both.
    fork.store.delete_chat(fork.owner, fork.id).await.unwrap();
    kit.sweep().await;
    assert_eq!(kit.count_messages().await, 4);
    assert_eq!(of_fork.line(of_fork.trunk()).await, ["1", "2", "3b", "4f"]);
    let first = of_fork.fork_chat(trunk[0].id).await;
    of_fork.store.delete_chat(of_fork.owner, of_fork.id).await.unwrap();
    kit.sweep().await;
    assert_eq!(kit.count_messages().await, 1);
    assert_eq!(first.line(first.trunk()).await, ["1"]);
    first.store.delete_chat(first.owner, first.id).await.unwrap();
    kit.sweep().await;
    assert_eq!(kit.count_messages().await, 0);
    kit.clock.advance(Duration::from_secs(2 * 24 * 60 * 60));
    kit.sweep().await;
    assert_eq!(kit.count_branches().await, 0);
}

pub async fn a_deleted_branch_is_kept_for_the_chats_that_stand_on_it(kit: &Kit) {
    let Source { chat, trunk, branch, own } = source(kit).await;
    let below = chat.fork(own[0].id).await;
    let deep = chat.say(below, "4c").await;
    let (at_branch, at_below) = (chat.fork_chat(own[1].id).await, chat.fork_chat(deep.id).await);
    chat.store.delete_branch(chat.owner, branch, true).await.unwrap();
    kit.sweep().await;
    assert_eq!(at_branch.line(at_branch.trunk()).await, ["1", "2", "3b", "4b"]);
    assert_eq!(at_below.line(at_below.trunk()).await, ["1", "2", "3b", "4c"]);
    let gone = MessageRequest::in_own_chat(chat.owner, own[0].id);
    assert_eq!(chat.store.read_message(gone).await.unwrap(), None);
    assert_eq!(chat.read_here(own[0].id).await, None);
    assert!(at_below.read_here(own[0].id).await.is_some());
    assert_eq!(at_below.read_here(own[1].id).await, None);
    assert_eq!(chat.line(chat.trunk()).await, ["1", "2", "3"]);
    let at_inherited = at_branch.fork(own[0].id).await;
    at_branch.say(at_inherited, "4d").await;
    at_below.store.delete_chat(at_below.owner, at_below.id).await.unwrap();
    kit.sweep().await;
    assert_eq!(kit.count_messages().await, 6);
    assert_eq!(at_branch.line(at_inherited).await, ["1", "2", "3b", "4d"]);
    at_branch.store.delete_chat(at_branch.owner, at_branch.id).await.unwrap();
    kit.sweep().await;
    assert_eq!(kit.count_messages().await, 3);
    assert!(chat.read_here(trunk[1].id).await.is_some());
}

/// Hundreds of forks of one message, and hundreds of branches of the source.
pub async fn many_forks_keep_their_source_until_the_last(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let mut tip = first.id;
    for _ in 0..230 {
        tip = chat.say(chat.fork(tip).await, "b").await.id;
    }
    chat.say(chat.trunk(), "2").await;
    let fork = async |number| chat.fork_chat(if number % 2 == 0 { tip } else { first.id }).await;
    let mut forks = concurrently(0..230, fork).await;
    chat.store.delete_chat(chat.owner, chat.id).await.unwrap();
    kit.sweep().await;
    assert_eq!(kit.count_messages().await, 231);
    let last = forks.remove(0);
    let delete = async |fork: Chat| fork.store.delete_chat(fork.owner, fork.id).await.unwrap();
    concurrently(forks, delete).await;
    kit.sweep().await;
    assert_eq!(kit.count_messages().await, 231);
    assert_eq!(last.read(last.trunk(), Order::Asc, 200).await.unwrap().len(), 231);
    last.store.delete_chat(last.owner, last.id).await.unwrap();
    kit.sweep().await;
    assert_eq!(kit.count_messages().await, 0);
}
