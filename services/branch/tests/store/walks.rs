//! Walks along a line that begin at a depth and go both ways.

use crate::kit::{Chat, Kit};
use branch::domain::{Message, Order, Question, Response};
use branch::store::{LinePosition, LineRequest};
use shared::ids::BranchId;
use shared::validation::TextField as _;

/// A page of a walk, in its order, with the positions beside it.
struct Page {
    messages: Vec<Message>,
    next: Option<LinePosition>,
    previous: Option<LinePosition>,
}

impl Page {
    fn depths(&self) -> Vec<i64> {
        self.messages.iter().map(|message| message.depth).collect()
    }
}

/// The page that begins at a position, or at the depth of the walk.
async fn page(chat: &Chat, walk: &LineRequest, start: Option<LinePosition>) -> Page {
    let page = chat.store.read_page(&LineRequest { start, ..*walk }).await.unwrap().messages;
    assert!(page.items.len() <= walk.limit);
    Page { messages: page.items, next: page.next, previous: page.previous }
}

/// The page that ends at a position: the same list in the opposite order, turned round.
async fn page_before(chat: &Chat, walk: &LineRequest, end: LinePosition) -> Page {
    let back = LineRequest { order: walk.order.reversed(), ..*walk };
    let Page { mut messages, next, previous } = page(chat, &back, Some(end)).await;
    messages.reverse();
    Page { messages, next: previous, previous: next }
}

/// All messages on this page and after it, and the last page.
async fn to_the_end(chat: &Chat, walk: &LineRequest, mut at: Page) -> (Vec<i64>, Page) {
    let mut depths = at.depths();
    while let Some(next) = at.next {
        at = page(chat, walk, Some(next)).await;
        depths.extend(at.depths());
    }
    (depths, at)
}

/// All messages before this page and on it, and the first page.
async fn to_the_beginning(chat: &Chat, walk: &LineRequest, mut at: Page) -> (Vec<i64>, Page) {
    let mut depths = at.depths();
    while let Some(previous) = at.previous {
        at = page_before(chat, walk, previous).await;
        assert!(!at.messages.is_empty());
        depths.splice(..0, at.depths());
    }
    (depths, at)
}

/// The depths of a line of this length, in this order.
fn whole(order: Order, length: i64) -> Vec<i64> {
    match order {
        Order::Asc => (1..=length).collect(),
        Order::Desc => (1..=length).rev().collect(),
    }
}

/// Walks from a depth to the end, from there to the beginning, and from there to the end again.
async fn check_walk(chat: &Chat, branch: BranchId, walk: LineRequest, length: i64) {
    let (order, from) = (walk.order, walk.from_depth.unwrap());
    let whole = whole(order, length);
    let is_reached = |depth: &i64| if order == Order::Asc { from <= *depth } else { *depth <= from };
    let first = page(chat, &walk, None).await;
    let context = format!("{order:?} {from} {}", walk.limit);
    let (after, last) = to_the_end(chat, &walk, first).await;
    assert_eq!(after, whole.iter().copied().filter(is_reached).collect::<Vec<_>>(), "{context}");
    let (all, first) = to_the_beginning(chat, &walk, last).await;
    assert_eq!(all, whole, "{context}");
    let (all, _) = to_the_end(chat, &walk, first).await;
    assert_eq!(all, whole, "{context}");
    let line = chat.read(branch, order, 200).await.unwrap();
    assert_eq!(line.iter().map(|message| message.depth).collect::<Vec<_>>(), whole);
}

pub async fn a_walk_from_a_depth_reaches_every_message_both_ways(kit: &Kit) {
    let chat = kit.chat().await;
    let mut branch = chat.trunk();
    for _ in 0..4 {
        let mut last = None;
        for _ in 0..5 {
            last = Some(chat.say(branch, "q").await.id);
        }
        branch = chat.fork(last.unwrap()).await;
    }
    for order in [Order::Asc, Order::Desc] {
        for from in [1, 2, 7, 15, 20, 21, 1_000, i64::MAX] {
            for limit in [1, 3, 7, 200] {
                let walk = LineRequest { limit, ..chat.walk(branch, order, from) };
                check_walk(&chat, branch, walk, 20).await;
            }
        }
    }
}

pub async fn a_walk_over_many_branches_goes_both_ways(kit: &Kit) {
    let chat = kit.chat().await;
    let mut branch = chat.trunk();
    for number in 0..150 {
        let said = chat.say(branch, &number.to_string()).await;
        branch = chat.fork(said.id).await;
    }
    for (order, from) in [(Order::Asc, 3), (Order::Desc, 148), (Order::Asc, 70), (Order::Desc, 70)] {
        let walk = LineRequest { limit: 9, ..chat.walk(branch, order, from) };
        check_walk(&chat, branch, walk, 150).await;
    }
}

pub async fn a_walk_stays_right_while_the_line_grows(kit: &Kit) {
    let chat = kit.chat().await;
    let replica = chat.through(&kit.replica().await);
    for _ in 0..30 {
        chat.say(chat.trunk(), "q").await;
    }
    for order in [Order::Asc, Order::Desc] {
        let walk = LineRequest { limit: 4, ..chat.walk(chat.trunk(), order, 15) };
        let writer = replica.clone();
        let writing = tokio::spawn(async move {
            for _ in 0..20 {
                writer.say(writer.trunk(), "q").await;
            }
        });
        let mut at = page(&chat, &walk, None).await;
        let mut depths = at.depths();
        while let Some(next) = at.next {
            at = page(&chat, &walk, Some(next)).await;
            depths.extend(at.depths());
        }
        let (all, _) = to_the_beginning(&chat, &walk, at).await;
        writing.await.unwrap();
        let expected = |length: usize| whole(order, i64::try_from(length).unwrap());
        assert_eq!(all, expected(all.len()), "{order:?}");
        assert!(all.len() >= 30 && all.windows(depths.len()).any(|part| part == depths), "{order:?}");
    }
}

pub async fn a_walk_begins_at_the_head_or_beyond_it(kit: &Kit) {
    let chat = kit.chat().await;
    let walk = |order, depth| LineRequest { limit: 2, ..chat.walk(chat.trunk(), order, depth) };
    for order in [Order::Asc, Order::Desc] {
        let empty = page(&chat, &walk(order, 1), None).await;
        assert!(empty.messages.is_empty() && empty.next.is_none() && empty.previous.is_none());
    }
    for _ in 0..3 {
        chat.say(chat.trunk(), "q").await;
    }
    let newest = page(&chat, &walk(Order::Desc, 9), None).await;
    assert_eq!((newest.depths(), newest.previous), (vec![3, 2], None));
    let beyond = page(&chat, &walk(Order::Asc, 4), None).await;
    assert!(beyond.messages.is_empty() && beyond.next.is_none());
    let before = page_before(&chat, &walk(Order::Asc, 4), beyond.previous.unwrap()).await;
    assert_eq!((before.depths(), before.next), (vec![2, 3], None));
    // What is appended later lies after the page that was the last, and before the one that was the first.
    chat.say(chat.trunk(), "q").await;
    let before = page_before(&chat, &walk(Order::Asc, 4), beyond.previous.unwrap()).await;
    let next = page(&chat, &walk(Order::Asc, 4), before.next).await;
    assert_eq!((before.depths(), next.depths()), (vec![2, 3], vec![4]));
    let again = page(&chat, &walk(Order::Desc, 3), None).await;
    let before = page_before(&chat, &walk(Order::Desc, 3), again.previous.unwrap()).await;
    assert_eq!((before.depths(), before.previous), (vec![4], None));
    // A walk that began at an end of the line tells no page before.
    let request = LineRequest { limit: 2, ..chat.page(chat.trunk()) };
    let first = chat.store.read_page(&request).await.unwrap().messages;
    let second = chat.store.read_page(&LineRequest { start: first.next, ..request }).await.unwrap().messages;
    assert_eq!((first.previous, second.previous), (None, None));
}

pub async fn a_page_before_is_beside_the_page_also_where_texts_are_large(kit: &Kit) {
    let chat = kit.chat().await;
    let mib = "x".repeat(1 << 20);
    for large in [true, false, true, true, true, false, true, true, true, false] {
        let mut new = chat.message(chat.trunk(), "q");
        if large {
            new.question = Question::parse(mib.clone()).unwrap();
            new.response = Response::parse(mib.clone()).unwrap();
        }
        kit.store.append(new).await.unwrap();
    }
    for (order, pages) in [
        // From the page of depth 10, or of depth 1, back.
        (Order::Asc, vec![vec![6, 7, 8, 9], vec![2, 3, 4, 5], vec![1]]),
        (Order::Desc, vec![vec![6, 5, 4, 3, 2], vec![10, 9, 8, 7]]),
    ] {
        let walk = chat.walk(chat.trunk(), order, if order == Order::Asc { 10 } else { 1 });
        let mut at = page(&chat, &walk, None).await;
        for expected in pages {
            at = page_before(&chat, &walk, at.previous.unwrap()).await;
            assert_eq!(at.depths(), expected);
        }
        assert!(at.previous.is_none());
        let (all, _) = to_the_end(&chat, &walk, at).await;
        assert_eq!(all, whole(order, 10));
    }
}
