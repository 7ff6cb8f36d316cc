//! What is shown of branches beside their place in the tree, and the metadata of messages.

use crate::kit::{Chat, Kit, key, metadata, refused, rename};
use branch::domain::{Branch, BranchFilter, OwnMessages};
use branch::store::{BranchChanges, MessageRequest, MetadataUpdate};
use shared::ids::{BranchId, ResponseId, UserId};
use shared::tags::{Tag, Tags};
use shared::validation::{Field as _, TextField, Value};
use std::time::Duration;

pub fn tags(json: &str) -> Tags {
    Tags::parse(Value::Json(json)).unwrap()
}

fn tag(text: &str) -> Tag {
    <Tag as TextField>::parse(text.to_owned()).unwrap()
}

/// Also before any hint of it is written, and by another replica.
pub async fn a_branch_shows_the_ends_of_its_own_messages(kit: &Kit) {
    let chat = kit.chat().await;
    let replica = chat.through(&kit.replica().await);
    assert_eq!(chat.node(chat.trunk()).await.unwrap().branch.own, None);
    let first = chat.say(chat.trunk(), &"é".repeat(81)).await;
    let fork = chat.fork(first.id).await;
    let own = |branches: &[Branch]| branches.iter().map(|branch| branch.own.clone()).collect::<Vec<_>>();
    let mut expected = OwnMessages { first: first.id, preview: "é".repeat(80), last_at: first.created_at };
    for chat in [&chat, &replica] {
        assert_eq!(own(&chat.tree(chat.trunk()).await), [Some(expected.clone()), None]);
    }
    for number in 0..70 {
        kit.clock.advance(Duration::from_secs(1));
        expected.last_at = chat.say(chat.trunk(), &number.to_string()).await.created_at;
        if number % 23 == 0 {
            for chat in [&chat, &replica] {
                assert_eq!(own(&chat.tree(chat.trunk()).await), [Some(expected.clone()), None]);
            }
        }
    }
    let forked = chat.say(fork, "").await;
    let of_fork = OwnMessages { first: forked.id, preview: String::new(), last_at: forked.created_at };
    for chat in [&replica, &chat] {
        let tree = chat.tree(chat.trunk()).await;
        assert_eq!(own(&tree), [Some(expected.clone()), Some(of_fork.clone())]);
        for branch in tree {
            assert_eq!(chat.node(branch.id).await.unwrap().branch, branch);
        }
    }
}

pub async fn tags_and_the_archive_change_by_themselves(kit: &Kit) {
    let chat = kit.chat().await;
    let tagged = BranchChanges { tags: Some(tags(r#"["b", "a", "$x.y"]"#)), ..BranchChanges::default() };
    let archived = BranchChanges { archived: Some(true), ..BranchChanges::default() };
    chat.update(chat.trunk(), &rename(Some("n"))).await;
    chat.update(chat.trunk(), &tagged).await;
    let branch = chat.update(chat.trunk(), &archived).await;
    assert_eq!((branch.name.as_deref(), branch.archived), (Some("n"), true));
    assert_eq!(branch.tags, tags(r#"["b", "a", "$x.y"]"#));
    assert_eq!(chat.update(chat.trunk(), &BranchChanges::default()).await, branch);
    assert_eq!(chat.tree(chat.trunk()).await, [branch]);

    let back = BranchChanges { name: Some(None), tags: Some(Tags::default()), archived: Some(false) };
    let branch = chat.update(chat.trunk(), &back).await;
    assert_eq!((branch.name, branch.tags, branch.archived), (None, Tags::default(), false));
    for changes in [tagged, BranchChanges::default()] {
        for (owner, branch) in [(UserId::generate(), chat.trunk()), (chat.owner, BranchId::generate())] {
            refused!(chat.store.update_branch(owner, branch, &changes).await, BranchNotFound);
        }
    }
}

pub async fn a_list_has_the_branches_that_match(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "0").await;
    let mut from = first.id;
    for number in 0..24 {
        let fork = chat.fork(from).await;
        if number % 2 == 0 {
            let tags = Some(tags(if number % 4 == 0 { r#"["four", "two"]"# } else { r#"["two"]"# }));
            chat.update(fork, &BranchChanges { tags, ..BranchChanges::default() }).await;
        }
        if number % 3 == 0 {
            chat.update(fork, &BranchChanges { archived: Some(true), ..BranchChanges::default() }).await;
            from = chat.say(fork, "x").await.id;
        }
    }
    let whole = chat.list(chat.trunk(), None, 10_000).await;
    for (tagged, archived, count) in [
        (Some("two"), None, 12),
        (Some("four"), Some(true), 2),
        (Some("Two"), None, 0),
        (None, Some(true), 8),
        (None, Some(false), 17),
    ] {
        let filter = BranchFilter { tag: tagged.map(tag), archived };
        let mut expected = whole.items.clone();
        expected.retain(|branch| filter.matches(&branch.tags, branch.archived));
        assert_eq!(expected.len(), count);
        for limit in [1, 5, 1_000] {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let page = chat.list_matching(chat.trunk(), &filter, after, limit).await;
                assert!(page.items.len() <= limit);
                assert_eq!(page.children, whole.children);
                found.extend(page.items);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found, expected);
        }
    }
}

async fn update(chat: &Chat, message: ResponseId, json: &str) {
    let update = MetadataUpdate { owner: chat.owner, message, reading_chat: None, metadata: metadata(json) };
    let updated = chat.store.update_metadata(&update).await.unwrap();
    assert_eq!(
        updated,
        chat.store.read_message(MessageRequest::in_own_chat(chat.owner, message)).await.unwrap().unwrap()
    );
    assert_eq!(updated.metadata, json);
}

pub async fn metadata_is_replaced_and_every_fork_sees_it(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let fork = chat.fork(first.id).await;
    for json in [r#"{"a": 1}"#, r#"{"$b.c": null}"#, "{}"] {
        update(&chat, first.id, json).await;
        let line = chat.read(fork, branch::domain::Order::Asc, 9).await.unwrap();
        assert_eq!((line[0].metadata.as_str(), &*line[0].question), (json, "1"));
        assert_eq!(line[0].forks.oldest, [fork]);
    }
}

pub async fn metadata_of_what_is_not_there_is_not_replaced(kit: &Kit) {
    let chat = kit.chat().await;
    let other = kit.chat_of(chat.owner).await;
    let first = chat.say(chat.trunk(), "1").await;
    let fork = chat.fork(first.id).await;
    let mut keyed = chat.message(fork, "secret");
    keyed.key = Some(key(1));
    let keyed = kit.store.append(keyed).await.unwrap().object;
    let update = |owner, message, reading_chat| MetadataUpdate {
        owner,
        message,
        reading_chat,
        metadata: metadata(r#"{"x": 1}"#),
    };
    for wrong in [
        update(UserId::generate(), first.id, None),
        update(chat.owner, ResponseId::generate(), None),
        update(chat.owner, first.id, Some(other.trunk())),
    ] {
        refused!(kit.store.update_metadata(&wrong).await, MessageNotFound);
    }
    kit.store.update_metadata(&update(chat.owner, keyed.id, Some(chat.trunk()))).await.unwrap();
    chat.store.delete_branch(chat.owner, fork, false).await.unwrap();
    let gone = update(chat.owner, keyed.id, None);
    refused!(kit.store.update_metadata(&gone).await, MessageNotFound);
    kit.sweep().await;
    refused!(kit.store.update_metadata(&gone).await, MessageNotFound);
    assert_eq!(
        kit.store
            .read_message(MessageRequest::in_own_chat(chat.owner, first.id))
            .await
            .unwrap()
            .unwrap()
            .metadata,
        "{}"
    );
}
