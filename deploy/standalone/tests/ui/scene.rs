//! A person in front of the page, and the same user through the API.

use crate::app::{PASSWORD, TestStack, User, spawn_stack_with};
use crate::browser::{WindowSize, browse};
use crate::driver::Driver;
use crate::tab::Tab;
use fantoccini::key::Key;
use serde_json::json;
use standalone::stack_config::StackConfig;
use std::time::Duration;

/// The longest that a test waits for a change.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// The name of the user.
pub const NAME: &str = "ann";

/// A stack without limits that a fast person would reach.
pub async fn stack() -> TestStack {
    stack_with(|_| {}).await
}

/// The same with what else is said of it.
pub async fn stack_with(configure: impl FnOnce(&mut StackConfig)) -> TestStack {
    spawn_stack_with(|config| {
        config.rate_limits = None;
        configure(config);
    })
    .await
}

/// Runs a test as a user who has signed in.
pub async fn signed_in(driver: &Driver, size: WindowSize, test: impl AsyncFnOnce(Tab, User)) {
    let stack = stack().await;
    let user = stack.user(NAME).await;
    browse(driver, &stack.url, size, async |tab| {
        sign_in(&tab).await;
        test(tab, user).await;
    })
    .await;
}

/// Waits until something is so.
pub async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let reached = tokio::time::timeout(MAX_WAIT, async { while !is_so().await {} }).await;
    assert!(reached.is_ok(), "{what}: not in time");
}

/// Fills in the form of the sign-in.
pub async fn sign_in(tab: &Tab) {
    tab.fill("Username...", NAME).await;
    tab.fill("Password...", PASSWORD).await;
    tab.click("button", "Sign in").await;
    tab.element("button", "New chat").await;
}

impl Tab {
    /// Opens a chat.
    pub async fn open_chat(&self, chat: &str) {
        self.go(&format!("/ui/#/chat/{chat}")).await;
        self.element("textbox", "Your question").await;
    }

    /// Makes the branch "Another way" at the first message of a new chat of two. Returns the chat.
    pub async fn branch_at_first(&self, user: &User) -> String {
        let chat = user.chat("Trees").await;
        user.say(&chat, "first").await;
        user.say(&chat, "second").await;
        self.open_chat(&chat).await;
        self.has_messages(2).await;
        self.click("button", "Branch here").await;
        self.fill("Name...", "Another way").await;
        self.click_in_dialog("button", "Branch here").await;
        chat
    }

    /// Signs out by the menu of the account.
    pub async fn sign_out(&self) {
        self.choose(&format!("{NAME}: account and help"), "Sign out").await;
        self.element("heading", "Sign in").await;
    }

    /// Asks a question at the end of the line that is shown.
    pub async fn ask(&self, question: &str) {
        self.element("textbox", "Your question").await.click().await.unwrap();
        self.press(question).await;
        self.press_key(Key::Enter).await;
    }

    /// Asks a question, and waits until its answer is a message.
    pub async fn ask_and_wait(&self, question: &str) {
        let before = self.message_count().await;
        self.ask(question).await;
        self.until("count(MESSAGE) > args[0] && count('.running') === 0", vec![json!(before)]).await;
    }

    /// The number of messages that are shown.
    pub async fn message_count(&self) -> u64 {
        self.run("return count(MESSAGE);", Vec::new()).await.as_u64().unwrap()
    }

    /// Waits until so many messages are shown.
    pub async fn has_messages(&self, count: u64) {
        self.until("count(MESSAGE) === args[0] && count('.running') === 0", vec![json!(count)]).await;
    }

    /// Chooses what a menu offers.
    pub async fn choose(&self, menu: &str, choice: &str) {
        self.click("button", menu).await;
        self.click("menuitem", choice).await;
    }
}
