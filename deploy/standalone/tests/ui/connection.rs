//! A connection that is lost, and what is kept meanwhile.

use crate::browser::{DESKTOP, browse};
use crate::driver::Driver;
use crate::scene::{NAME, sign_in, signed_in, stack};
use serde_json::json;
use shared_test_kit::TcpProxy;

pub async fn a_question_waits_for_the_server_and_is_sent_once(driver: &Driver) {
    let stack = stack().await;
    let user = stack.user(NAME).await;
    let chat = user.chat("Trees").await;
    let (mut proxy, url) = TcpProxy::disconnected(&stack.url).await;
    proxy.reconnect().await;
    browse(driver, &url, DESKTOP, async |tab| {
        sign_in(&tab).await;
        tab.open_chat(&chat).await;
        tab.ask_and_wait("before").await;
        proxy.disconnect();
        tab.ask("while it is away").await;
        tab.shows("while it is away").await;
        // The question is sent once, as soon as the server is there.
        proxy.reconnect().await;
        tab.has_messages(2).await;
        // A stream that breaks off goes on.
        tab.ask("[[delay:60]][[repeat:3]] alpha beta gamma delta epsilon zeta eta theta").await;
        tab.shows("alpha beta gamma delta").await;
        proxy.disconnect();
        proxy.reconnect().await;
        tab.has_messages(3).await;
        let line = user.line(&format!("chat_id={chat}")).await;
        let questions: Vec<_> = line.iter().map(|message| message["question"].as_str().unwrap()).collect();
        assert_eq!(questions[..2], ["before", "while it is away"]);
        assert_eq!(line.len(), 3);
        let response = line[2]["response"].as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        tab.until(
            "squeezed([...document.querySelectorAll('.response')].at(-1).innerText) === args[0]",
            vec![json!(response)],
        )
        .await;
    })
    .await;
}

/// A browser trusts HTTPS and the machine's own addresses alone: elsewhere it has no locks, no clipboard, and no UUIDs.
pub async fn the_page_works_on_plain_http_in_a_network(driver: &Driver) {
    let stack = stack().await;
    stack.user(NAME).await;
    let mut origin = stack.url.clone();
    origin.set_host(Some("banyan.test")).unwrap();
    browse(driver, &origin, DESKTOP, async |tab| {
        assert_eq!(tab.run("return isSecureContext;", Vec::new()).await, json!(false));
        sign_in(&tab).await;
        tab.click("button", "New chat").await;
        tab.ask_and_wait("Does it work here").await;
        tab.click("button", "Copy the answer").await;
        tab.shows("Copied").await;
        tab.client.refresh().await.unwrap();
        tab.has_messages(1).await;
        tab.sign_out().await;
        tab.client.refresh().await.unwrap();
        tab.element("heading", "Sign in").await;
    })
    .await;
}

pub async fn a_draft_survives_a_reload(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let chat = user.chat("Trees").await;
        let first = user.say(&chat, "first").await;
        let branch = user.fork(&chat, &first["response_id"]).await;
        tab.open_chat(&chat).await;
        tab.fill("Your question", "half a quest").await;
        tab.client.refresh().await.unwrap();
        tab.until("find('textbox', 'Your question')?.value === 'half a quest'", Vec::new()).await;
        // It comes along to another branch.
        tab.go(&format!("/ui/#/chat/{chat}/branch/{branch}")).await;
        tab.shows("This branch has no messages of its own yet").await;
        tab.until("find('textbox', 'Your question')?.value === 'half a quest'", Vec::new()).await;
        // Another chat has a draft of its own.
        let other = user.chat("Figs").await;
        tab.open_chat(&other).await;
        tab.until("find('textbox', 'Your question')?.value === ''", Vec::new()).await;
        tab.open_chat(&chat).await;
        tab.until("find('textbox', 'Your question')?.value === 'half a quest'", Vec::new()).await;
    })
    .await;
}
