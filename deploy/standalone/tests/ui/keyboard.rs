//! The page without a mouse.

use crate::app::PASSWORD;
use crate::browser::{DESKTOP, browse};
use crate::driver::Driver;
use crate::scene::{NAME, stack};
use crate::tab::Tab;
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
        tab.tab_to("button", "Begin a chat").await;
        tab.press_key(Key::Enter).await;
        // The field has the focus in an empty chat.
        tab.until("document.activeElement === find('textbox', 'Your question')", Vec::new()).await;
        tab.press("why do figs grow").await;
        tab.press_key(Key::Enter).await;
        tab.has_messages(1).await;
        tab.until("!find('button', 'Stop the answer')", Vec::new()).await;
        // Out of the field, to the message: another version, back and forth.
        tab.press_key(Key::Escape).await;
        tab.press("r").await;
        tab.shows("2 / 2").await;
        tab.press_key(Key::Left).await;
        tab.shows("1 / 2").await;
        tab.press_key(Key::Right).await;
        tab.shows("2 / 2").await;
        tab.press("b").await;
        tab.element("dialog", "...").await;
        tab.press("By keys").await;
        tab.press_key(Key::Enter).await;
        tab.gone("dialog", "...").await;
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
