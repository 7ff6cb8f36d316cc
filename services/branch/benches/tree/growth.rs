//! What has to be flat: each operation against the messages of a line, the branches of a chat, and the fork depth.

use crate::bench::{Bench, newest};
use crate::figures::{Pair, head, in_turn, rows};
use crate::places::{Place, response};
use crate::raw::{PAGE, Raw, RawPlace};

const MESSAGES: [usize; 4] = [100, 1_000, 10_000, 100_000];
const BRANCHES: [usize; 3] = [1, 100, 10_000];
const DEPTHS: [usize; 3] = [1, 100, 10_000];
/// The messages of a trunk that has many branches or bears a nest.
const TRUNK: usize = 200;
/// How many branches hang on one, at most.
const CHILDREN: usize = 101;
/// How many chats of each size are deleted.
const DELETIONS: usize = 5;

pub async fn run(bench: &Bench) {
    let mut lines = Vec::new();
    for size in MESSAGES {
        let chat = bench.line(size).await;
        lines.push(bench.place(size, chat, chat.trunk()).await);
    }
    let mut trees = Vec::new();
    for size in BRANCHES {
        trees.push(tree(bench, size).await);
    }
    let chat = bench.line(TRUNK).await;
    let mut nests = Vec::new();
    for (size, branch) in DEPTHS.into_iter().zip(bench.nest(chat, &DEPTHS).await) {
        nests.push(bench.place(size, chat, branch).await);
    }

    head(&format!("{}: messages of a line", bench.engine));
    operations(bench, &lines).await;
    delete(bench, &lines, DELETIONS).await;
    head(&format!("{}: branches of a chat", bench.engine));
    operations(bench, &trees).await;
    head(&format!("{}: fork depth", bench.engine));
    operations(bench, &nests).await;
    delete(bench, &trees, 1).await;
}

/// A chat of so many branches. A hundred at most hang on its trunk, and on each of those as many others: an answer lists
/// all children of the trunk, and shall do so at every size. They fork from the oldest response, so that the pages that
/// are read are the same whatever hangs there.
async fn tree(bench: &Bench, size: usize) -> Place {
    let chat = bench.line(TRUNK).await;
    let oldest = format!("{}&order=asc", newest(&chat.to_string()));
    let from = response(&bench.get(&oldest).await.json()[0]);
    let children = bench.fork_often(chat, from, (size - 1).min(CHILDREN)).await;
    let mut missing = size - 1 - children.len();
    for child in children {
        let from = bench.say(chat, child).await;
        missing -= bench.fork_often(chat, from, missing.min(CHILDREN)).await.len();
    }
    bench.place(size, chat, chat.trunk()).await
}

/// All operations but the last one that there can be. Those that make the place larger come last.
async fn operations(bench: &Bench, places: &[Place]) {
    let page = async |raw: &Raw, at: &RawPlace, place: &Place| raw.page(at, place.trunk_length).await;
    let get = async |path: &str| drop(bench.get(path).await);
    measure(bench, "page, newest", places, async |at| get(&newest(&at.branch)).await, page).await;
    let middle = async |raw: &Raw, at: &RawPlace, place: &Place| {
        raw.page(at, (place.trunk_length / 2).max(i64::try_from(PAGE).unwrap())).await;
    };
    measure(bench, "page, middle", places, async |at| get(&at.middle).await, middle).await;
    let from_depth =
        |at: &Place| format!("{}&order=asc&from_depth={}", newest(&at.branch), at.trunk_length / 2);
    measure(bench, "page, from_depth", places, async |at| get(&from_depth(at)).await, middle).await;
    let of_chat = |at: &Place| format!("/api/v1/messages/all-messages?limit={PAGE}&chat_id={}", at.chat);
    measure_alone("all-messages, chat", places, async |at| get(&of_chat(at)).await).await;
    let of_chat = |at: &Place| format!("{}&order=asc", of_chat(at));
    measure_alone("all-messages, asc", places, async |at| get(&of_chat(at)).await).await;
    let compare = |left: &str, right: &str| format!("/api/v1/branches/compare?left={left}&right={right}");
    measure_alone("compare, trunk", places, async |at| get(&compare(&at.branch, &at.chat)).await).await;
    measure_alone("compare, sibling", places, async |at| get(&compare(&at.branch, &at.sibling)).await).await;
    let branches =
        |at: &Place, query: &str| format!("/api/v1/branches/get-branches?chat_id={}{query}", at.chat);
    let list = async |raw: &Raw, _: &RawPlace, place: &Place| raw.list(&place.chat, 51).await;
    measure(bench, "get-branches, 50", places, async |at| get(&branches(at, "&limit=50")).await, list).await;
    let list = async |raw: &Raw, _: &RawPlace, place: &Place| raw.list(&place.chat, 10_001).await;
    measure(bench, "get-branches, all", places, async |at| get(&branches(at, "")).await, list).await;
    let list = async |raw: &Raw, _: &RawPlace, place: &Place| raw.list(&place.chat, 51).await;
    measure(bench, "get-branches, tag", places, async |at| get(&branches(at, "&limit=50&tag=x")).await, list)
        .await;
    let tree =
        |at: &Place| format!("/api/v1/messages/get-tree?chat_id={}&limit={PAGE}&preview=true", at.chat);
    measure(bench, "get-tree, first 50", places, async |at| get(&tree(at)).await, page).await;
    measure(bench, "get-tree, middle 50", places, async |at| get(&at.tree_middle).await, page).await;
    let switch = async |raw: &Raw, _: &RawPlace, place: &Place| raw.switch(&place.chat, &place.branch).await;
    let update = async |at: &Place| bench.update_message(&at.fork_from).await;
    measure(bench, "update-message", places, update, switch).await;
    measure(bench, "switch", places, async |at| bench.switch(&at.chat, &at.branch).await, switch).await;
    let fork = async |raw: &Raw, at: &RawPlace, place: &Place| raw.fork(at, &place.fork_from).await;
    measure(bench, "fork", places, async |at| bench.fork(&at.branch, &at.fork_from).await, fork).await;
    let append = async |raw: &Raw, at: &RawPlace, _: &Place| raw.append(at).await;
    measure(bench, "append", places, async |at| bench.append(&at.branch).await, append).await;
}

async fn measure(
    bench: &Bench,
    operation: &str,
    places: &[Place],
    ours: impl AsyncFn(&Place),
    theirs: impl AsyncFn(&Raw, &RawPlace, &Place),
) {
    let raw = async |place: &Place| match (&bench.raw, &place.raw) {
        (Some(raw), Some(at)) => {
            theirs(raw, at, place).await;
            true
        }
        _ => false,
    };
    rows(operation, &sizes(places), &in_turn(places, ours, raw).await);
}

/// Measures an operation for which the driver has no equivalent.
async fn measure_alone(operation: &str, places: &[Place], ours: impl AsyncFn(&Place)) {
    rows(operation, &sizes(places), &in_turn(places, ours, async |_| false).await);
}

fn sizes(places: &[Place]) -> Vec<usize> {
    places.iter().map(|place| place.size).collect()
}

/// Deletes the chats of these places, and before them others of the same sizes, as long as they are quickly made.
async fn delete(bench: &Bench, places: &[Place], copies: usize) {
    let mut pairs = vec![Pair::default(); places.len()];
    for copy in 1..=copies {
        for (pair, place) in pairs.iter_mut().zip(places) {
            let chat = match copy {
                _ if copy == copies => place.chat.clone(),
                _ if place.size <= 10_000 => bench.line(place.size).await.to_string(),
                _ => continue,
            };
            pair.ours.push(crate::figures::time(bench.delete_chat(&chat)).await);
            if let (Some(raw), Some(at)) = (&bench.raw, &place.raw) {
                pair.raw.push(crate::figures::time(raw.delete_chat(at)).await);
            }
        }
    }
    rows("delete-chat, answer", &sizes(places), &pairs);
}
