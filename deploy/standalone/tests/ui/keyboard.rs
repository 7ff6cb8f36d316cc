//! The page without a mouse.

use crate::app::PASSWORD;
use crate::browser::{DESKTOP, browse};
use crate::driver::Driver;
use crate::scene::{NAME, signed_in, stack};
use crate::tab::Tab;
use fantoccini::Locator;
use fantoccini::key::Key;

/// The most presses of a key that lead to what is looked for.
const MAX_PRESSES: usize = 60;

impl Tab {
    /// Presses Tab until what has this role and name has the focus.
    async fn tab_to(&self, role: &str, name: &str) {
        self.element(role, name).await;
        for _ in 0..MAX_PRESSES {
            let is_there = "return document.activeElement === find(arguments[0], arguments[1]);";
            if self.run(is_there, vec![role.into(), name.into()]).await == true {
                return;
            }
            self.press_key(Key::Tab).await;
        }
        panic!("{role} {name} is not reached");
    }

    /// Clicks on the text of the first answer.
    async fn click_on_answer(&self) {
        self.client.find(Locator::Css(".response p")).await.unwrap().click().await.unwrap();
    }

    /// Waits until the field for a question has the focus.
    async fn is_asking(&self) {
        self.until("document.activeElement === find('textbox', 'Your question')", Vec::new()).await;
    }

    /// Writes where the focus is, and waits until all of it is in the field for a question, which is empty afterwards.
    async fn types_a_question(&self, text: &str) {
        self.press(text).await;
        self.until("find('textbox', 'Your question')?.value === args[0]", vec![text.into()]).await;
        self.fill("Your question", "").await;
    }
}

pub async fn everything_is_done_by_keys_alone(driver: &Driver) {
    let stack = stack().await;
    browse(driver, &stack.url, DESKTOP, async |tab| {
        tab.tab_to("button", "Create an account").await;
        tab.press_key(Key::Enter).await;
        tab.tab_to("textbox", "Username...").await;
        tab.press(NAME).await;
        tab.tab_to("textbox", "Password...").await;
        tab.press(PASSWORD).await;
        tab.press_key(Key::Enter).await;
        // The field for the first question of a chat has the focus.
        tab.is_asking().await;
        tab.press("why do figs grow").await;
        tab.press_key(Key::Enter).await;
        tab.has_messages(1).await;
        tab.until("!find('button', 'Stop the answer')", Vec::new()).await;
        // Out of the field, to the message: another version, back and forth.
        tab.press_key(Key::Escape).await;
        tab.press("r").await;
        tab.is_asking().await;
        tab.shows("2 / 2").await;
        tab.press_key(Key::Escape).await;
        tab.press_key(Key::Left).await;
        tab.shows("1 / 2").await;
        tab.press_key(Key::Right).await;
        tab.shows("2 / 2").await;
        tab.press("b").await;
        tab.element("dialog", "...").await;
        tab.press("By keys").await;
        tab.press_key(Key::Enter).await;
        tab.gone("dialog", "...").await;
        tab.is_asking().await;
        tab.press_key(Key::Escape).await;
        tab.press("t").await;
        tab.element("treeitem", "By keys...").await;
        tab.press("?").await;
        tab.shows("Keyboard shortcuts").await;
        tab.press_key(Key::Escape).await;
        tab.gone("dialog", "...").await;
        tab.press("/").await;
        tab.until("document.activeElement === find('textbox', 'Search chats by name')", Vec::new()).await;
    })
    .await;
}

pub async fn what_is_typed_is_no_shortcut_unless_a_message_has_the_focus(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        // After a branch was made with the mouse.
        tab.branch_at_first(&user).await;
        tab.gone("dialog", "...").await;
        tab.has_messages(1).await;
        tab.types_a_question("tell me quickly").await;
        // After an answer was stopped.
        tab.ask("[[delay:50]][[repeat:500]] root").await;
        tab.shows("root root root").await;
        tab.click("button", "Stop the answer").await;
        tab.types_a_question("great, now be brief").await;
        tab.has_messages(2).await;
        // After a question was edited.
        tab.click("button", "Edit the question").await;
        tab.fill("The question", "what is an oak").await;
        tab.press_key(Key::Enter).await;
        tab.types_a_question("there is more").await;
        tab.shows("2 / 2").await;
        // After a message was clicked, a word is no key either, and a letter by itself is one.
        tab.click_on_answer().await;
        tab.types_a_question("remember").await;
        tab.has_messages(1).await;
        tab.shows("2 / 2").await;
        tab.click_on_answer().await;
        tab.press("b").await;
        tab.element("dialog", "Branch here").await;
        tab.press_key(Key::Escape).await;
        tab.gone("dialog", "...").await;
        // The focus is on nothing.
        tab.run("document.activeElement.blur();", Vec::new()).await;
        tab.types_a_question("n or e").await;
        let chats = user.get("/chats/get-chat").await.expect(200).json();
        assert_eq!(chats.as_array().unwrap().len(), 1);
    })
    .await;
}

pub async fn a_field_that_had_the_focus_before_a_dialog_takes_text_after_it(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let chat = user.chat("Trees").await;
        user.say(&chat, "first").await;
        tab.open_chat(&chat).await;
        tab.has_messages(1).await;
        tab.element("textbox", "Your question").await.click().await.unwrap();
        // As assistive technology clicks: the focus stays where it is.
        tab.run("find('button', 'Branch here').click();", Vec::new()).await;
        tab.element("dialog", "Branch here").await;
        tab.press("Aside").await;
        tab.press_key(Key::Enter).await;
        tab.gone("dialog", "...").await;
        tab.types_a_question("and then").await;
    })
    .await;
}
