//! Forks of chats.

use crate::kit::{Chat, Kit, refused};
use branch::domain::{Message, Order, Version};
use branch::error::Error;
use branch::store::{
    ChatForkPoint, ChatForkRequest, EditRequest, ForkPointRequest, LineRequest, ListRequest, MessageRequest,
    MessageTreeRequest, MetadataUpdate, VersionsRequest,
};
use shared::ids::{ChatId, ResponseId};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Forks a chat at a message.
pub async fn fork_chat(source: &Chat, message: Option<ResponseId>) -> Chat {
    try_fork_chat(source, message).await.unwrap()
}

pub async fn try_fork_chat(source: &Chat, message: Option<ResponseId>) -> Result<Chat, Error> {
    let chat = Chat { id: ChatId::generate(), ..source.clone() };
    chat.store.fork_chat(&request(source, &chat, message)).await?;
    Ok(chat)
}

fn request(source: &Chat, chat: &Chat, message: Option<ResponseId>) -> ChatForkRequest {
    let from = ChatForkPoint { chat: source.id, message };
    let created_at = shared::clock::Timestamp::from_micros(0).unwrap();
    ChatForkRequest { chat: chat.id, owner: source.owner, created_at, from }
}

async fn read(chat: &Chat, message: ResponseId) -> Option<Message> {
    let request = MessageRequest { owner: chat.owner, message, reading_chat: Some(chat.trunk()) };
    chat.store.read_message(request).await.unwrap()
}

async fn read_own(chat: &Chat, message: ResponseId) -> Option<Message> {
    chat.store.read_message(MessageRequest::in_own_chat(chat.owner, message)).await.unwrap()
}

async fn sweep_all(kit: &Kit) {
    for _ in 0..4 {
        kit.sweep().await;
        kit.clock.advance(HOUR * 13);
    }
    kit.sweep().await;
}

async fn count(kit: &Kit, collection: &str) -> u64 {
    let client = mongodb::Client::with_uri_str(kit.mongo_url().unwrap().as_str()).await.unwrap();
    let database = client.default_database().unwrap();
    database
        .collection::<mongodb::bson::Document>(collection)
        .count_documents(mongodb::bson::doc! {})
        .await
        .unwrap()
}

pub async fn basics(kit: &Kit) {
    let s = kit.chat().await;
    let one = s.say(s.trunk(), "1").await;
    let two = s.say(s.trunk(), "2").await;
    let three = s.say(s.trunk(), "3").await;
    let beside = s.fork(one.id).await;
    let two_b = s.say(beside, "2b").await;
    let f = fork_chat(&s, Some(two.id)).await;
    assert_eq!(f.line(f.trunk()).await, ["1", "2"]);
    let trunk = f.node(f.trunk()).await.unwrap();
    assert_eq!(trunk.active, f.trunk());
    let t = trunk.branch;
    assert_eq!(
        (t.parent, t.forked_from, t.fork_depth, t.level, t.head, t.head_depth),
        (None, Some(two.id), 2, 0, Some(two.id), 2)
    );
    // The messages in it.
    let m = read(&f, two.id).await.unwrap();
    assert!(
        m.inherited && m.forks.count == 0 && m.version == Version { number: 1, count: 1 } && m.chat == s.id
    );
    let m = read(&s, two.id).await.unwrap();
    assert!(!m.inherited && m.forks.count == 0 && m.version == Version { number: 1, count: 2 });
    let m = read(&s, one.id).await.unwrap();
    assert_eq!(m.forks.oldest, [beside]);
    assert!(read(&f, three.id).await.is_none() && read(&f, two_b.id).await.is_none());
    // Appends.
    let f3 = f.say(f.trunk(), "f3").await;
    assert_eq!((f3.parent, f3.depth, f3.version), (Some(two.id), 3, Version { number: 1, count: 1 }));
    assert!(f3.created_at > two.created_at);
    assert_eq!(f.line(f.trunk()).await, ["1", "2", "f3"]);
    assert_eq!(s.line(s.trunk()).await, ["1", "2", "3"]);
    // A branch at an inherited message.
    let b = f.store.fork(&f.branch(Some(one.id))).await.unwrap().object.branch;
    assert_eq!((b.parent, b.level, b.fork_depth), (Some(f.trunk()), 1, 1));
    let fb = f.say(b.id, "2f").await;
    assert_eq!(fb.version, Version { number: 2, count: 2 });
    assert_eq!(f.line(b.id).await, ["1", "2f"]);
    assert_eq!(read(&f, two.id).await.unwrap().version, Version { number: 1, count: 2 });
    assert_eq!(read(&s, two.id).await.unwrap().version, Version { number: 1, count: 2 });
    assert_eq!(read(&f, one.id).await.unwrap().forks.oldest, [b.id]);
    assert_eq!(read(&s, one.id).await.unwrap().forks.oldest, [beside]);
    // At the last inherited one.
    let c = f.store.fork(&f.branch(Some(two.id))).await.unwrap().object.branch;
    assert_eq!((c.parent, c.level), (Some(f.trunk()), 1));
    let fc = f.say(c.id, "3f").await;
    assert_eq!(fc.version, Version { number: 2, count: 2 });
    assert_eq!(read_own(&f, f3.id).await.unwrap().version, Version { number: 1, count: 2 });
    assert_eq!(read(&f, two.id).await.unwrap().forks.oldest, [c.id]);
    assert_eq!(read(&s, three.id).await.unwrap().version, Version { number: 1, count: 1 });
    // Before the first.
    let e = f.store.fork(&f.branch(None)).await.unwrap().object.branch;
    assert_eq!((e.parent, e.level, e.fork_depth, e.head), (Some(f.trunk()), 1, 0, None));
    let fe = f.say(e.id, "1f").await;
    assert_eq!((fe.depth, fe.version), (1, Version { number: 2, count: 2 }));
    assert_eq!(f.line(e.id).await, ["1f"]);
    assert_eq!(read(&f, one.id).await.unwrap().version, Version { number: 1, count: 2 });
    assert_eq!(read(&s, one.id).await.unwrap().version, Version { number: 1, count: 1 });
    // A page of the line.
    let page = f.store.read_page(&f.page(b.id)).await.unwrap().messages.items;
    let seen: Vec<_> =
        page.iter().map(|m| (m.inherited, m.version.number, m.version.count, m.forks.count)).collect();
    assert_eq!(seen, [(true, 1, 2, 1), (false, 2, 2, 0)]);
    let page = f.store.read_page(&f.page(f.trunk())).await.unwrap().messages.items;
    let seen: Vec<_> =
        page.iter().map(|m| (m.inherited, m.version.number, m.version.count, m.forks.count)).collect();
    assert_eq!(seen, [(true, 1, 2, 1), (true, 1, 2, 1), (false, 1, 2, 0)]);
    for limit in [1, 2, 3] {
        for order in [Order::Asc, Order::Desc] {
            for (branch, n) in [(f.trunk(), 3), (b.id, 2), (c.id, 3), (e.id, 1)] {
                assert_eq!(f.read(branch, order, limit).await.unwrap().len(), n);
            }
        }
    }
    // Edits.
    let edit = f
        .store
        .edit_message(EditRequest { reading_chat: Some(f.trunk()), ..f.regenerate(two.id) })
        .await
        .unwrap()
        .object;
    assert_eq!((edit.chat, edit.parent, edit.version), (f.id, Some(one.id), Version { number: 3, count: 3 }));
    // Lists of versions.
    let versions = |message, limit| VersionsRequest {
        owner: f.owner,
        message,
        reading_chat: Some(f.trunk()),
        after: None,
        limit,
    };
    let list = f.store.list_versions(&versions(two.id, 20)).await.unwrap().items;
    let seen: Vec<_> = list.iter().map(|v| (v.id, v.number, v.branch, v.open.branch, v.open.head)).collect();
    assert_eq!(
        seen,
        [
            (two.id, 1, s.trunk(), f.trunk(), Some(f3.id)),
            (fb.id, 2, b.id, b.id, Some(fb.id)),
            (edit.id, 3, edit.branch, edit.branch, Some(edit.id))
        ]
    );
    let list = f.store.list_versions(&versions(one.id, 20)).await.unwrap().items;
    assert_eq!(
        list.iter().map(|v| (v.id, v.open.branch)).collect::<Vec<_>>(),
        [(one.id, f.trunk()), (fe.id, e.id)]
    );
    f.store.activate(f.owner, f.trunk(), c.id).await.unwrap();
    let list = f.store.list_versions(&versions(one.id, 20)).await.unwrap().items;
    assert_eq!(
        list.iter().map(|v| (v.id, v.open.branch)).collect::<Vec<_>>(),
        [(one.id, c.id), (fe.id, e.id)]
    );
    // All messages of the chat.
    for (order, limit) in [
        (Order::Asc, 1),
        (Order::Asc, 3),
        (Order::Asc, 20),
        (Order::Desc, 1),
        (Order::Desc, 2),
        (Order::Desc, 20),
    ] {
        let mut request =
            ListRequest { target: Some(f.trunk()), order, ..ListRequest::newest(f.owner, None, limit) };
        let mut all = vec![];
        loop {
            let page = f.store.list_messages(&request).await.unwrap();
            all.extend(page.items);
            let Some(next) = page.next else { break };
            request.after = Some(next);
        }
        if order == Order::Desc {
            all.reverse();
        }
        let seen: Vec<_> = all.iter().map(|m| (m.id, m.inherited)).collect();
        assert_eq!(
            seen,
            [
                (one.id, true),
                (two.id, true),
                (f3.id, false),
                (fb.id, false),
                (fc.id, false),
                (fe.id, false),
                (edit.id, false)
            ]
        );
        assert_eq!(all[1].version, Version { number: 1, count: 3 });
    }
    assert_eq!(
        s.store.list_messages(&ListRequest::newest(s.owner, None, 50)).await.unwrap().items.len(),
        4 + 5
    );
    for limit in [1, 2, 100] {
        let mut request =
            MessageTreeRequest { owner: f.owner, target: b.id, after: None, limit, with_previews: true };
        let mut all = vec![];
        loop {
            let page = f.store.list_message_tree(&request).await.unwrap();
            all.extend(page.items);
            let Some(next) = page.next else { break };
            request.after = Some(next);
        }
        let seen: Vec<_> = all.iter().map(|m| m.id).collect();
        assert_eq!(seen, [one.id, two.id, f3.id, fb.id, fc.id, fe.id, edit.id]);
        assert_eq!(all[0].branch, s.trunk());
    }
    // Compared.
    assert_eq!(f.compare(f.trunk(), s.trunk()).await, (2, 1, 1));
    assert_eq!(f.compare(b.id, beside).await, (1, 1, 1));
    // The branches of the chat.
    assert_eq!(f.tree(f.trunk()).await.len(), 5);
    assert_eq!(s.tree(s.trunk()).await.len(), 2);
    // A fork of the fork, at an inherited message.
    let g = fork_chat(&f, Some(one.id)).await;
    assert_eq!(g.line(g.trunk()).await, ["1"]);
    refused!(try_fork_chat(&f, Some(three.id)).await.map(drop), MessageNotFound);
    let h = fork_chat(&f, Some(fb.id)).await;
    assert_eq!(h.line(h.trunk()).await, ["1", "2f"]);
    assert_eq!(s.tree(s.trunk()).await.len(), 2);
}

pub async fn points(kit: &Kit) {
    let s = kit.chat().await;
    let one = s.say(s.trunk(), "1").await;
    let two = s.say(s.trunk(), "2").await;
    let beside = s.fork(one.id).await;
    let two_b = s.say(beside, "2b").await;
    let point = |target, branch, message| ForkPointRequest { owner: s.owner, target, branch, message };
    let f = fork_chat(&s, Some(one.id)).await;
    for (request, chat, message) in [
        (point(s.trunk(), None, None), s.id, two.id),
        (point(beside, None, None), s.id, two_b.id),
        (point(s.trunk(), Some(beside), None), s.id, two_b.id),
        (point(s.trunk(), Some(beside), Some(one.id)), s.id, one.id),
        (point(s.trunk(), None, Some(two_b.id)), s.id, two_b.id),
        (point(f.trunk(), None, Some(one.id)), f.id, one.id),
        (point(f.trunk(), None, None), f.id, one.id),
    ] {
        let found = s.store.find_fork_point(&request).await.unwrap();
        assert_eq!(found, ChatForkPoint { chat, message: Some(message) });
    }
    refused!(s.store.find_fork_point(&point(beside, None, Some(two.id))).await, MessageNotFound);
    refused!(s.store.find_fork_point(&point(f.trunk(), None, Some(two.id))).await, MessageNotFound);
    refused!(s.store.find_fork_point(&point(f.trunk(), Some(beside), None)).await, BranchNotFound);
    let empty = kit.chat_of(s.owner).await;
    assert_eq!(s.store.find_fork_point(&point(empty.trunk(), None, None)).await.unwrap().message, None);
    let of_empty = fork_chat(&empty, None).await;
    assert_eq!(of_empty.line(of_empty.trunk()).await.len(), 0);
    // Idempotent.
    let again = request(&s, &f, Some(one.id));
    f.store.fork_chat(&again).await.unwrap();
    f.store.delete_chat(f.owner, f.id).await.unwrap();
    refused!(f.store.fork_chat(&again).await, ChatNotFound);
    s.store.delete_branch(s.owner, beside, false).await.unwrap();
    refused!(try_fork_chat(&s, Some(two_b.id)).await.map(drop), MessageNotFound);
    s.store.delete_chat(s.owner, s.id).await.unwrap();
    refused!(try_fork_chat(&s, Some(one.id)).await.map(drop), ChatNotFound);
}

pub async fn keeping(kit: &Kit) {
    let s = kit.chat().await;
    let one = s.say(s.trunk(), "1").await;
    let two = s.say(s.trunk(), "2").await;
    let three = s.say(s.trunk(), "3").await;
    let x = s.fork(two.id).await;
    let x3 = s.say(x, "x3").await;
    let x4 = s.say(x, "x4").await;
    s.say(x, "x5").await;
    let f = fork_chat(&s, Some(x4.id)).await;
    let f5 = f.say(f.trunk(), "f5").await;
    let b = f.fork(x3.id).await;
    f.say(b, "fb").await;
    // The branch first.
    s.store.delete_branch(s.owner, x, false).await.unwrap();
    sweep_all(kit).await;
    assert_eq!(f.line(f.trunk()).await, ["1", "2", "x3", "x4", "f5"]);
    assert_eq!(f.line(b).await, ["1", "2", "x3", "fb"]);
    assert!(read_own(&s, x3.id).await.is_none() && read(&s, x3.id).await.is_none());
    assert!(read(&f, x3.id).await.is_some());
    assert_eq!(count(kit, "messages").await, 3 + 2 + 2);
    // A branch at a message that is kept.
    let c = f.fork(x3.id).await;
    f.say(c, "fc").await;
    assert_eq!(f.line(c).await, ["1", "2", "x3", "fc"]);
    let g = fork_chat(&f, Some(x3.id)).await;
    s.store.delete_chat(s.owner, s.id).await.unwrap();
    assert!(read_own(&s, three.id).await.is_none());
    sweep_all(kit).await;
    assert_eq!(count(kit, "messages").await, 2 + 2 + 3);
    assert_eq!(f.line(f.trunk()).await, ["1", "2", "x3", "x4", "f5"]);
    let kept = read_own(&s, two.id).await.unwrap();
    assert_eq!((kept.version, kept.inherited, kept.forks.count), (Version { number: 1, count: 1 }, false, 0));
    let pick = f.store.cherry_pick(&f.pick(&[two.id, x4.id], f.trunk())).await.unwrap().object;
    assert_eq!(pick.messages[0].copied_from, Some(two.id));
    let update = MetadataUpdate {
        owner: s.owner,
        message: one.id,
        reading_chat: None,
        metadata: crate::kit::metadata(r#"{"k":1}"#),
    };
    assert_eq!(s.store.update_metadata(&update).await.unwrap().metadata, r#"{"k":1}"#);
    assert_eq!(g.line(g.trunk()).await, ["1", "2", "x3"]);
    for limit in [1, 2] {
        for order in [Order::Asc, Order::Desc] {
            assert_eq!(f.read(f.trunk(), order, limit).await.unwrap().len(), 5);
            assert_eq!(g.read(g.trunk(), order, limit).await.unwrap().len(), 3);
        }
    }
    f.store.delete_chat(f.owner, f.id).await.unwrap();
    sweep_all(kit).await;
    assert_eq!(g.line(g.trunk()).await, ["1", "2", "x3"]);
    assert_eq!(count(kit, "messages").await, 3);
    assert!(read_own(&s, x3.id).await.is_some() && read_own(&s, x4.id).await.is_none());
    let _ = f5;
    g.store.delete_chat(g.owner, g.id).await.unwrap();
    sweep_all(kit).await;
    assert_eq!((count(kit, "messages").await, count(kit, "branches").await), (0, 0));
}

pub async fn chains(kit: &Kit) {
    let mut chats = vec![kit.chat().await];
    let first = chats[0].say(chats[0].trunk(), "0").await;
    let mut last = first.id;
    for n in 1..150 {
        let f = fork_chat(chats.last().unwrap(), Some(last)).await;
        last = f.say(f.trunk(), &n.to_string()).await.id;
        chats.push(f);
    }
    let end = chats.last().unwrap().clone();
    let expected: Vec<_> = (0..150).map(|n| n.to_string()).collect();
    assert_eq!(end.line(end.trunk()).await, expected);
    for chat in &chats[..149] {
        chat.store.delete_chat(chat.owner, chat.id).await.unwrap();
    }
    sweep_all(kit).await;
    assert_eq!(end.line(end.trunk()).await, expected);
    assert_eq!(end.read(end.trunk(), Order::Desc, 7).await.unwrap().len(), 150);
    assert!(read_own(&chats[0], first.id).await.is_some());
    let side = end.fork(first.id).await;
    end.say(side, "side").await;
    assert_eq!(end.line(side).await, ["0", "side"]);
    end.store.delete_chat(end.owner, end.id).await.unwrap();
    sweep_all(kit).await;
    assert_eq!((count(kit, "messages").await, count(kit, "branches").await), (0, 0));
}

pub async fn many(kit: &Kit) {
    // A message with many branches in the source, and many chats that are forked there.
    let s = kit.chat().await;
    let one = s.say(s.trunk(), "1").await;
    let two = s.say(s.trunk(), "2").await;
    let mut forks = vec![];
    for _ in 0..1_050 {
        forks.push(s.fork(one.id).await);
    }
    let f = fork_chat(&s, Some(one.id)).await;
    assert_eq!(read(&s, one.id).await.unwrap().forks.count, 1_050);
    assert_eq!(read(&s, one.id).await.unwrap().forks.oldest, &forks[..100]);
    assert_eq!(read(&f, one.id).await.unwrap().forks.count, 0);
    let mut forks = vec![];
    for _ in 0..1_050 {
        forks.push(f.fork(one.id).await);
    }
    assert_eq!(read(&f, one.id).await.unwrap().forks.count, 1_050);
    assert_eq!(read(&f, one.id).await.unwrap().forks.oldest, &forks[..100]);
    let page = f.store.read_page(&f.page(f.trunk())).await.unwrap().messages.items;
    assert_eq!((page[0].forks.count, &page[0].forks.oldest), (1_050, &forks[..100].to_vec()));
    assert_eq!(read(&s, two.id).await.unwrap().version, Version { number: 1, count: 1 });
    s.store.delete_chat(s.owner, s.id).await.unwrap();
    sweep_all(kit).await;
    assert_eq!(f.line(f.trunk()).await, ["1"]);
    f.store.delete_chat(f.owner, f.id).await.unwrap();
    sweep_all(kit).await;
    assert_eq!((count(kit, "messages").await, count(kit, "branches").await), (0, 0));
}

pub async fn costs(kit: &Kit) {
    for branches in [100, 1_000, 5_000] {
        let s = kit.chat().await;
        let mut said = vec![];
        for n in 0..120 {
            said.push(s.say(s.trunk(), &n.to_string()).await.id);
        }
        for n in 0..branches {
            s.fork(said[n % 100]).await;
        }
        for n in 0..100 {
            s.fork(said[100 + n % 20]).await;
        }
        let mut best = [u128::MAX; 3];
        for _ in 0..40 {
            let t = std::time::Instant::now();
            s.store
                .read_page(&LineRequest { order: Order::Desc, limit: 20, ..s.page(s.trunk()) })
                .await
                .unwrap();
            best[0] = best[0].min(t.elapsed().as_micros());
            let t = std::time::Instant::now();
            s.store.list_messages(&ListRequest::newest(s.owner, None, 20)).await.unwrap();
            best[1] = best[1].min(t.elapsed().as_micros());
            let t = std::time::Instant::now();
            s.store
                .read_page(&LineRequest { order: Order::Asc, limit: 20, ..s.page(s.trunk()) })
                .await
                .unwrap();
            best[2] = best[2].min(t.elapsed().as_micros());
        }
        println!("COST {branches}: {best:?}");
    }
}
