//! The list of chats.

use crate::browser::DESKTOP;
use crate::driver::Driver;
use crate::scene::signed_in;
use fantoccini::key::Key;
use serde_json::json;

pub async fn a_chat_is_named_pinned_tagged_archived_and_found(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let chat = user.chat("Trees").await;
        user.chat("Bakeries").await;
        tab.element("link", "Trees...").await;
        tab.choose("Actions for Trees", "Rename").await;
        tab.fill("Name of the chat", "Figs").await;
        tab.press_key(Key::Enter).await;
        tab.element("link", "Figs...").await;
        tab.choose("Actions for Figs", "Pin").await;
        tab.element("heading", "Pinned").await;
        tab.choose("Actions for Figs", "Tags...").await;
        tab.element("dialog", "...").await;
        tab.press("garden").await;
        tab.press_key(Key::Enter).await;
        tab.click("button", "Save").await;
        tab.shows("garden").await;
        let named = user.get(&format!("/chats/get-chat/{chat}")).await.expect(200).json();
        assert_eq!(
            (&named["name"], &named["pinned"], &named["tags"]),
            (&json!("Figs"), &json!(true), &json!(["garden"]))
        );
        tab.fill("Search chats by name", "bak").await;
        tab.gone("link", "Figs...").await;
        tab.element("link", "Bakeries...").await;
        tab.fill("Search chats by name", "").await;
        tab.choose("Actions for Bakeries", "Archive").await;
        tab.gone("link", "Bakeries...").await;
        tab.click("button", "Undo").await;
        tab.element("link", "Bakeries...").await;
    })
    .await;
}

pub async fn a_chat_begins_with_its_first_question(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        tab.click("button", "New chat").await;
        tab.until("document.activeElement === find('textbox', 'Your question')", Vec::new()).await;
        let chats = async || user.get("/chats/get-chat").await.expect(200).json();
        assert_eq!(chats().await, json!([]));
        tab.ask_and_wait(
            "Why do **figs** grow on trees that strangle other trees in the forests of the tropics",
        )
        .await;
        // Cut after a word, and without the signs of Markdown.
        tab.element("link", "Why do figs grow on trees that strangle other trees in the…...").await;
        assert_eq!(chats().await.as_array().unwrap().len(), 1);
    })
    .await;
}

pub async fn a_chat_is_deleted_and_comes_back(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let chat = user.chat("Trees").await;
        user.say(&chat, "one").await;
        tab.open_chat(&chat).await;
        tab.choose("Actions for Trees", "Delete").await;
        tab.gone("link", "Trees...").await;
        tab.click("button", "Undo").await;
        tab.element("link", "Trees...").await;
        tab.choose("Actions for Trees", "Delete").await;
        tab.gone("link", "Trees...").await;
        tab.click("link", "Deleted chats").await;
        tab.click("button", "Restore Trees").await;
        tab.element("link", "Trees...").await;
        tab.choose("Actions for Trees", "Delete").await;
        tab.go("/ui/#/deleted").await;
        tab.click("button", "Destroy Trees for good").await;
        tab.click("button", "Destroy for good").await;
        tab.shows("No chat is deleted.").await;
        user.get(&format!("/chats/get-chat/{chat}")).await.expect(404);
    })
    .await;
}
