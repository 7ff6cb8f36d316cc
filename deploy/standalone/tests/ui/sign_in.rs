//! Registering, signing in and out.

use crate::app::PASSWORD;
use crate::browser::{DESKTOP, browse};
use crate::driver::Driver;
use crate::scene::{NAME, sign_in, stack, stack_with};
use std::time::Duration;

pub async fn a_person_registers_signs_out_and_signs_in(driver: &Driver) {
    let stack = stack().await;
    browse(driver, &stack.url, DESKTOP, async |tab| {
        tab.click("button", "Create an account").await;
        tab.fill("Username...", NAME).await;
        tab.fill("Password...", "short").await;
        tab.click("button", "Create the account").await;
        tab.shows("at least 8").await;
        tab.fill("Password...", PASSWORD).await;
        tab.click("button", "Create the account").await;
        tab.element("textbox", "Your question").await;
        // The session is a cookie that no script sees, and it survives a reload.
        assert_eq!(tab.run("return document.cookie;", Vec::new()).await, "");
        tab.client.refresh().await.unwrap();
        tab.element("textbox", "Your question").await;

        tab.sign_out().await;
        tab.fill("Username...", NAME).await;
        tab.fill("Password...", "wrong horse").await;
        tab.click("button", "Sign in").await;
        tab.shows("The username or the password is wrong.").await;
        sign_in(&tab).await;
    })
    .await;
}

pub async fn a_deep_link_survives_signing_in(driver: &Driver) {
    let stack = stack().await;
    let user = stack.user(NAME).await;
    let chat = user.chat("Trees").await;
    let mut ids = Vec::new();
    for number in 0..120 {
        ids.push(
            user.say(&chat, &format!("question {number}")).await["response_id"].as_str().unwrap().to_owned(),
        );
    }
    browse(driver, &stack.url, DESKTOP, async |tab| {
        tab.go(&format!("/ui/#/chat/{chat}/message/{}", ids[9])).await;
        sign_in(&tab).await;
        tab.shows("question 9!").await;
        let is_in_view = "isInView(document.getElementById('m-' + args[0]))";
        tab.until(is_in_view, vec![ids[9].clone().into()]).await;
        // Both ends are reached from there.
        tab.click("button", "To the end").await;
        tab.until(is_in_view, vec![ids[119].clone().into()]).await;
    })
    .await;
}

pub async fn a_token_that_expires_is_renewed_unseen(driver: &Driver) {
    let stack = stack_with(|config| config.tokens.access = Duration::from_secs(1)).await;
    // The user of the API would expire, too.
    browse(driver, &stack.url, DESKTOP, async |tab| {
        tab.click("button", "Create an account").await;
        tab.fill("Username...", NAME).await;
        tab.fill("Password...", PASSWORD).await;
        tab.click("button", "Create the account").await;
        // It takes longer than a token lives.
        tab.ask_and_wait("[[delay:150]] one two three four five six seven eight nine ten").await;
        tab.ask_and_wait("again").await;
        tab.has_messages(2).await;
    })
    .await;
}
