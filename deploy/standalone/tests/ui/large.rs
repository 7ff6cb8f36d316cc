//! A chat that is large.

use crate::app::User;
use crate::browser::DESKTOP;
use crate::driver::Driver;
use crate::scene::signed_in;
use crate::tab::Tab;
use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::{Value, json};

const BRANCH_COUNT: usize = 10_000;
const MESSAGE_COUNT: usize = 100_000;
/// The messages that one request copies.
const COPIED_AT_ONCE: usize = 100;
/// The longest task of the main thread, in milliseconds.
const MAX_TASK_MS: f64 = 100.0;
/// The requests that are sent at once.
const CONCURRENT_REQUESTS: usize = 16;

/// A chat whose active branch has a line of [`MESSAGE_COUNT`] and that has over [`BRANCH_COUNT`] branches.
async fn large_chat(user: &User) -> String {
    let chat = user.chat("Large").await;
    let mut ids = Vec::new();
    for number in 0..COPIED_AT_ONCE {
        ids.push(user.say(&chat, &format!("question {number}")).await["response_id"].clone());
    }
    let fork = |number: usize| {
        let from = ids[number % COPIED_AT_ONCE].clone();
        let body = json!({"original_chat_id": chat, "branch_from_response_id": from, "name": format!("branch {number}")});
        async move { user.post("/branches/create-branch", &body).await.expect(201) }
    };
    stream::iter(0..BRANCH_COUNT).map(fork).buffer_unordered(CONCURRENT_REQUESTS).count().await;
    let mut onto = json!(chat);
    for _ in 1..MESSAGE_COUNT / COPIED_AT_ONCE {
        let body = json!({"response_ids": ids, "onto_branch_id": onto, "activate": true});
        let copied = user.post("/branches/cherry-pick", &body).await.expect(201).json();
        onto = copied["branch"]["branch_id"].clone();
    }
    chat
}

/// The longest task of the main thread since the page was loaded, in milliseconds, and what it was busy with.
async fn longest_task(tab: &Tab) -> f64 {
    let script = "const done = arguments[0]; let longest = 0; \
        new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) longest = Math.max(longest, duration); }) \
            .observe({ type: 'longtask', buffered: true }); \
        requestIdleCallback(() => setTimeout(() => done(longest), 50));";
    tab.client.execute_async(script, Vec::new()).await.unwrap().as_f64().unwrap()
}

pub async fn ten_thousand_branches_and_a_hundred_thousand_messages_open_at_once(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let chat = large_chat(&user).await;
        tab.open_chat(&chat).await;
        tab.shows("question 99!").await;
        tab.go(&format!("/ui/#/chat/{chat}/tree")).await;
        tab.until("/1\\d,?\\d{3} branches/.test(document.body.innerText)", Vec::new()).await;
        // Up through the line, and down the tree.
        tab.run("document.querySelector('article.message').scrollIntoView();", Vec::new()).await;
        tab.shows("question 50").await;
        tab.run("document.querySelector('[role=tree]').scrollTop = 200000;", Vec::new()).await;
        tab.until("count('[role=treeitem]') > 5", Vec::new()).await;
        tab.click("button", "Collapse all").await;
        tab.until("count('[role=treeitem]') > 0", Vec::new()).await;
        // A window alone is drawn.
        let drawn = tab.run("return [count(MESSAGE), count('[role=treeitem]')];", Vec::new()).await;
        let is_few = |count: &Value| count.as_u64().unwrap() <= 250;
        assert!(drawn.as_array().unwrap().iter().all(is_few), "{drawn}");
        let longest = longest_task(&tab).await;
        assert!(longest <= MAX_TASK_MS, "a task of {longest} ms");
    })
    .await;
}
